// Dense arrays with any number of axes, the first running fastest: of doubles, and of numbers of 350
// digits (eval/real.hpp).
#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <utility>
#include <vector>

namespace adjoint {

template <class T>
struct BasicArray {
  std::vector<std::int64_t> shape;
  std::vector<T> data;

  BasicArray() : data(1, T(0)) {}
  explicit BasicArray(T value) : data(1, value) {}
  explicit BasicArray(std::vector<std::int64_t> s) : shape(std::move(s)) {
    std::size_t count = 1;
    for (const auto extent : shape) count *= static_cast<std::size_t>(extent);
    data.assign(count, T(0));
  }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(data.size()); }
  [[nodiscard]] int rank() const { return static_cast<int>(shape.size()); }
};
using Array = BasicArray<double>;

using Matrix = Eigen::MatrixXd;
using MatrixMap = Eigen::Map<Eigen::MatrixXd>;
using ConstMatrixMap = Eigen::Map<const Eigen::MatrixXd>;

/// Number of matrices in an array whose first two axes are rows and columns, and the k-th of them.
template <class T>
std::int64_t batch_count(const BasicArray<T>& a) {
  std::int64_t count = 1;
  for (std::size_t k = 2; k < a.shape.size(); ++k) count *= a.shape[k];
  return count;
}
ConstMatrixMap matrix_at(const Array& a, std::int64_t k);
MatrixMap matrix_at(Array& a, std::int64_t k);

/// The axes in another order: result axis k is axis order[k].
template <class T>
BasicArray<T> permuted(const BasicArray<T>& a, const std::vector<int>& order);

/// An array with labelled axes, labels possibly repeating within one operand (a diagonal).
template <class T>
struct Labelled {
  BasicArray<T> array;
  std::vector<int> labels;
};
/// Einstein product: coefficient times the product of the factors, summed over all labels that are not in
/// `output`. `sizes` by label; output labels may repeat (a diagonal between zeros) or belong to no factor.
template <class T>
BasicArray<T> einstein(const T& coefficient, std::vector<Labelled<T>> factors, const std::vector<int>& output,
                       const std::vector<std::int64_t>& sizes);

}  // namespace adjoint

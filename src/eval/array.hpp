// Dense arrays of doubles with any number of axes, the first running fastest.
#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

namespace adjoint {

struct Array {
  std::vector<std::int64_t> shape;
  std::vector<double> data;

  Array() : data(1, 0.0) {}
  explicit Array(double value) : data(1, value) {}
  explicit Array(std::vector<std::int64_t> s, double fill = 0.0);
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(data.size()); }
  [[nodiscard]] int rank() const { return static_cast<int>(shape.size()); }
};

using Matrix = Eigen::MatrixXd;
using MatrixMap = Eigen::Map<Eigen::MatrixXd>;
using ConstMatrixMap = Eigen::Map<const Eigen::MatrixXd>;

/// Number of matrices in an array whose first two axes are rows and columns, and the k-th of them.
std::int64_t batch_count(const Array& a, int leading = 2);
ConstMatrixMap matrix_at(const Array& a, std::int64_t k);
MatrixMap matrix_at(Array& a, std::int64_t k);

/// The axes in another order: result axis k is axis order[k].
Array permuted(const Array& a, const std::vector<int>& order);

/// An array with labelled axes, labels possibly repeating within one operand (a diagonal).
struct Labelled {
  Array array;
  std::vector<int> labels;
};
/// Einstein product: coefficient times the product of the factors, summed over all labels that are not in
/// `output`. `sizes` by label; output labels may repeat (a diagonal between zeros) or belong to no factor.
Array einstein(double coefficient, std::vector<Labelled> factors, const std::vector<int>& output,
               const std::vector<std::int64_t>& sizes);

}  // namespace adjoint

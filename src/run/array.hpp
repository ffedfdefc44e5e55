// Dense arrays of doubles, column-major: the first axis runs fastest.
#pragma once

#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace adjoint::run {

using Dims = std::vector<std::int64_t>;

inline std::int64_t entries(std::span<const std::int64_t> dims) {
  return std::accumulate(dims.begin(), dims.end(), std::int64_t{1}, std::multiplies<>());
}

struct ConstView {
  const double* data = nullptr;
  std::span<const std::int64_t> dims;
  [[nodiscard]] std::int64_t size() const { return entries(dims); }
};

struct MutableView {
  double* data = nullptr;
  std::span<const std::int64_t> dims;
  [[nodiscard]] std::int64_t size() const { return entries(dims); }
};

class Array {
 public:
  Array() : values_(1, 0.0) {}  // the scalar 0
  explicit Array(Dims dims)
      : dims_(std::move(dims)), values_(static_cast<std::size_t>(entries(dims_)), 0.0) {}
  Array(Dims dims, std::vector<double> values) : dims_(std::move(dims)), values_(std::move(values)) {
    if (entries(dims_) != static_cast<std::int64_t>(values_.size())) {
      throw std::invalid_argument("an array with another number of values than its shape says");
    }
  }
  static Array scalar(double value) { return Array({}, {value}); }
  static Array vector(std::vector<double> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    return Array({n}, std::move(values));
  }

  [[nodiscard]] const Dims& dims() const { return dims_; }
  [[nodiscard]] int rank() const { return static_cast<int>(dims_.size()); }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(values_.size()); }
  [[nodiscard]] double* data() { return values_.data(); }
  [[nodiscard]] const double* data() const { return values_.data(); }
  [[nodiscard]] const std::vector<double>& values() const { return values_; }
  double& operator[](std::int64_t k) { return values_[static_cast<std::size_t>(k)]; }
  double operator[](std::int64_t k) const { return values_[static_cast<std::size_t>(k)]; }
  double& operator()(std::int64_t i, std::int64_t j) { return (*this)[i + j * dims_.at(0)]; }
  double operator()(std::int64_t i, std::int64_t j) const { return (*this)[i + j * dims_.at(0)]; }
  /// The same entries with another shape of as many.
  [[nodiscard]] Array reshaped(Dims dims) const { return {std::move(dims), values_}; }
  [[nodiscard]] ConstView view() const { return {values_.data(), dims_}; }
  [[nodiscard]] MutableView view() { return {values_.data(), dims_}; }

 private:
  Dims dims_;
  std::vector<double> values_;
};

}  // namespace adjoint::run

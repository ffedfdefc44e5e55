// A slow and obvious executor, to compare the interpreter with.
#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <vector>

#include "kernel/builder.hpp"
#include "kernel/program.hpp"
#include "run/array.hpp"
#include "run/interpreter.hpp"

namespace adjoint::test {

using namespace adjoint::kernel;

inline double number(const Size& size, const SizeValues& sizes) {
  return static_cast<double>(size.evaluate(sizes).value());
}

inline double scalar(const ScalarInstruction& i, double a, double b, double c) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  switch (i.op) {
    case ScalarOp::Add:
      return a + b;
    case ScalarOp::Sub:
      return a - b;
    case ScalarOp::Mul:
      return a * b;
    case ScalarOp::Neg:
      return -a;
    case ScalarOp::Square:
      return a * a;
    case ScalarOp::Div:
      return a / b;
    case ScalarOp::Sqrt:
      return std::sqrt(a);
    case ScalarOp::Reciprocal:
      return 1 / a;
    case ScalarOp::Pow:
      return std::pow(a, b);
    case ScalarOp::PowI:
      return std::pow(a, static_cast<double>(i.integer));
    case ScalarOp::Less:
      return a < b ? 1 : 0;
    case ScalarOp::LessEqual:
      return a <= b ? 1 : 0;
    case ScalarOp::Equal:
      return a == b ? 1 : 0;
    case ScalarOp::Select:
      return a != 0 ? b : c;
    case ScalarOp::Max:
      return std::isnan(a) || std::isnan(b) ? nan : std::max(a, b);
    case ScalarOp::Min:
      return std::isnan(a) || std::isnan(b) ? nan : std::min(a, b);
    case ScalarOp::Abs:
      return std::abs(a);
    case ScalarOp::Sign:
      return a > 0 ? 1 : a < 0 ? -1 : a;
    case ScalarOp::Relu:
      return std::isnan(a) ? a : std::max(a, 0.0);
    case ScalarOp::Exp:
      return std::exp(a);
    case ScalarOp::Log:
      return std::log(a);
    case ScalarOp::Sin:
      return std::sin(a);
    case ScalarOp::Cos:
      return std::cos(a);
    case ScalarOp::Tan:
      return std::tan(a);
    case ScalarOp::Asin:
      return std::asin(a);
    case ScalarOp::Acos:
      return std::acos(a);
    case ScalarOp::Atan:
      return std::atan(a);
    case ScalarOp::Sinh:
      return std::sinh(a);
    case ScalarOp::Cosh:
      return std::cosh(a);
    case ScalarOp::Tanh:
      return std::tanh(a);
    case ScalarOp::Erf:
      return std::erf(a);
    case ScalarOp::Log1p:
      return std::log1p(a);
    case ScalarOp::Expm1:
      return std::expm1(a);
    case ScalarOp::Sigmoid:
      return a >= 0 ? 1 / (1 + std::exp(-a)) : std::exp(a) / (1 + std::exp(a));
    case ScalarOp::Softplus:
      return std::max(a, 0.0) + std::log1p(std::exp(-std::abs(a)));
    default:
      throw std::logic_error("no scalar");
  }
}

/// Calls f with every index tuple of the space.
template <class F>
void each_point(const std::vector<std::int64_t>& extents, F f) {
  std::vector<std::int64_t> index(extents.size(), 0);
  for (const std::int64_t e : extents) {
    if (e == 0) return;
  }
  while (true) {
    f(index);
    std::size_t l = 0;
    for (; l < extents.size(); ++l) {
      if (++index[l] < extents[l]) break;
      index[l] = 0;
    }
    if (l == extents.size()) return;
  }
}

class Naive {
 public:
  Naive(const Program& program, SizeValues sizes) : program_(program), sizes_(std::move(sizes)) {}

  std::vector<run::Array> run(const std::vector<run::Array>& inputs) {
    for (std::size_t k = 0; k < program_.buffers.size(); ++k) {
      const Buffer& buffer = program_.buffers[k];
      memory_[static_cast<BufferId>(k)] = buffer.role == BufferRole::Constant
                                              ? run::Array(dims(buffer.shape), buffer.values)
                                              : run::Array(dims(buffer.shape));
    }
    for (std::size_t k = 0; k < inputs.size(); ++k) memory_[program_.inputs[k]] = inputs[k];
    for (const Instruction& i : program_.instructions)
      std::visit([this](const auto& what) { apply(what); }, i.what);
    std::vector<run::Array> out;
    for (const BufferId id : program_.outputs) out.push_back(memory_[id]);
    return out;
  }

 private:
  run::Dims dims(const Shape& shape) const {
    run::Dims out;
    for (const Size& s : shape) out.push_back(s.evaluate(sizes_).value());
    return out;
  }
  // The entry that an access means, -1 if it is outside.
  std::int64_t entry(const Access& access, const std::vector<std::int64_t>& index) const {
    const run::Dims d = dims(program_.shape_of(access));
    std::int64_t at = 0;
    std::int64_t stride = 1;
    for (std::size_t k = 0; k < d.size(); ++k) {
      std::int64_t i = access.axes[k].offset.evaluate(sizes_).value();
      for (const LoopTerm& t : access.axes[k].terms)
        i += t.step.evaluate(sizes_).value() * index[static_cast<std::size_t>(t.loop)];
      if (i < 0 || i >= d[k]) return -1;
      at += i * stride;
      stride *= d[k];
    }
    return at;
  }
  double load(const Access& access, const std::vector<std::int64_t>& index) {
    const std::int64_t at = entry(access, index);
    return at < 0 ? 0.0 : memory_[access.buffer][at];
  }

  void apply(const Pointwise& p) {
    const run::Dims extents = dims(p.extents);
    std::vector<run::Array> results;
    std::vector<std::map<std::int64_t, double>> reduced(p.outputs.size());
    each_point(extents, [&](const std::vector<std::int64_t>& index) {
      std::vector<double> r;
      for (const ScalarInstruction& i : p.body) {
        const auto at = [&](Register x) { return x < 0 ? 0.0 : r[static_cast<std::size_t>(x)]; };
        switch (i.op) {
          case ScalarOp::Constant:
            r.push_back(i.value.value());
            break;
          case ScalarOp::SizeValue:
            r.push_back(number(i.size, sizes_));
            break;
          case ScalarOp::LoopIndex:
            r.push_back(static_cast<double>(index[static_cast<std::size_t>(i.a)]));
            break;
          case ScalarOp::Load:
            r.push_back(load(p.operands[static_cast<std::size_t>(i.a)], index));
            break;
          case ScalarOp::Pi:
            r.push_back(std::acos(-1.0));
            break;
          case ScalarOp::Infinity:
            r.push_back(std::numeric_limits<double>::infinity());
            break;
          default: {
            const int arity = info(i.op).arity;
            r.push_back(scalar(i, at(i.a), arity > 1 ? at(i.b) : 0, arity > 2 ? at(i.c) : 0));
          }
        }
      }
      for (std::size_t o = 0; o < p.outputs.size(); ++o) {
        const PointwiseOutput& out = p.outputs[o];
        const double v = r[static_cast<std::size_t>(out.value)];
        const std::int64_t e = entry(out.access, index);
        const auto [at, fresh] = reduced[o].try_emplace(e, v);
        if (fresh) continue;
        ScalarInstruction join;
        if (out.reduction == Reduction::Sum) join.op = ScalarOp::Add;
        if (out.reduction == Reduction::Product) join.op = ScalarOp::Mul;
        if (out.reduction == Reduction::Max) join.op = ScalarOp::Max;
        if (out.reduction == Reduction::Min) join.op = ScalarOp::Min;
        at->second = scalar(join, at->second, v, 0);
      }
    });
    for (std::size_t o = 0; o < p.outputs.size(); ++o) {
      run::Array& target = memory_[p.outputs[o].access.buffer];
      if (p.outputs[o].store == Store::Assign) target = run::Array(target.dims());
      for (const auto& [e, v] : reduced[o]) target[e] = p.outputs[o].store == Store::Add ? target[e] + v : v;
    }
  }

  void apply(const Contract& c) {
    run::Array& target = memory_[c.c.buffer];
    std::map<std::int64_t, double> sums;
    each_point(dims(c.extents), [&](const std::vector<std::int64_t>& index) {
      sums[entry(c.c, index)] += c.coefficient.value() * load(c.a, index) * load(c.b, index);
    });
    if (c.store == Store::Assign) target = run::Array(target.dims());
    for (const auto& [e, v] : sums) target[e] = c.store == Store::Add ? target[e] + v : v;
  }

  void apply(const Routine&) { throw std::logic_error("no routine here"); }

  const Program& program_;
  SizeValues sizes_;
  std::map<BufferId, run::Array> memory_;
};

inline run::Array random_array(const run::Dims& dims, std::mt19937_64& random, double scale = 1.0) {
  run::Array a(dims);
  std::normal_distribution<double> normal(0, scale);
  for (std::int64_t k = 0; k < a.size(); ++k) a[k] = normal(random);
  return a;
}

/// Largest difference relative to the largest entry; infinity where one is NaN and the other is not.
inline double difference(const run::Array& a, const run::Array& b) {
  double worst = 0;
  double size = 1e-300;
  if (a.dims() != b.dims()) return std::numeric_limits<double>::infinity();
  for (std::int64_t k = 0; k < a.size(); ++k) {
    if (std::isnan(a[k]) != std::isnan(b[k])) return std::numeric_limits<double>::infinity();
    if (std::isnan(a[k]) || a[k] == b[k]) continue;
    worst = std::max(worst, std::abs(a[k] - b[k]));
    size = std::max(size, std::abs(b[k]));
  }
  return worst / size;
}

}  // namespace adjoint::test

#include "eval/array.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "eval/real.hpp"

namespace adjoint {
namespace {

std::int64_t count(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

bool contains(const std::vector<int>& list, int l) {
  return std::find(list.begin(), list.end(), l) != list.end();
}

std::vector<std::int64_t> sizes_of(const std::vector<int>& labels, const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> s;
  for (const auto l : labels) s.push_back(sizes[static_cast<std::size_t>(l)]);
  return s;
}

// Calls f(offset in a, offset in b) over an index space; strides by axis.
template <class F>
void for_each_pair(const std::vector<std::int64_t>& extent, const std::vector<std::int64_t>& sa,
                   const std::vector<std::int64_t>& sb, F f) {
  if (std::find(extent.begin(), extent.end(), 0) != extent.end()) return;
  std::vector<std::int64_t> at(extent.size(), 0);
  std::int64_t a = 0;
  std::int64_t b = 0;
  for (;;) {
    f(a, b);
    std::size_t k = 0;
    for (; k < extent.size(); ++k) {
      a += sa[k];
      b += sb[k];
      if (++at[k] < extent[k]) break;
      a -= sa[k] * extent[k];
      b -= sb[k] * extent[k];
      at[k] = 0;
    }
    if (k == extent.size()) return;
  }
}

// The operand over distinct labels, with labels that are neither kept nor shared summed away.
template <class T>
Labelled<T> reduced(const Labelled<T>& f, const std::vector<int>& wanted,
                    const std::vector<std::int64_t>& sizes) {
  std::vector<int> out;
  for (const auto l : f.labels) {
    if (contains(wanted, l) && !contains(out, l)) out.push_back(l);
  }
  if (out == f.labels) return f;
  std::vector<int> all = out;
  for (const auto l : f.labels) {
    if (!contains(all, l)) all.push_back(l);
  }
  std::vector<std::int64_t> stride_in(all.size(), 0);
  std::int64_t stride = 1;
  for (std::size_t k = 0; k < f.labels.size(); ++k) {
    stride_in[static_cast<std::size_t>(std::find(all.begin(), all.end(), f.labels[k]) - all.begin())] +=
        stride;
    stride *= f.array.shape[k];
  }
  std::vector<std::int64_t> stride_out(all.size(), 0);
  stride = 1;
  for (std::size_t k = 0; k < out.size(); ++k) {
    stride_out[k] = stride;
    stride *= sizes[static_cast<std::size_t>(out[k])];
  }
  Labelled<T> result{BasicArray<T>(sizes_of(out, sizes)), out};
  for_each_pair(sizes_of(all, sizes), stride_in, stride_out, [&](std::int64_t a, std::int64_t b) {
    result.array.data[static_cast<std::size_t>(b)] += f.array.data[static_cast<std::size_t>(a)];
  });
  return result;
}

template <class T>
Labelled<T> reordered(const Labelled<T>& f, const std::vector<int>& labels) {
  std::vector<int> order;
  for (const auto l : labels)
    order.push_back(static_cast<int>(std::find(f.labels.begin(), f.labels.end(), l) - f.labels.begin()));
  return {permuted(f.array, order), labels};
}

template <class T>
Labelled<T> contract(const Labelled<T>& a, const Labelled<T>& b, const std::vector<int>& wanted,
                     const std::vector<std::int64_t>& sizes) {
  std::vector<int> batch, summed, free_a, free_b;
  for (const auto l : a.labels) {
    if (!contains(b.labels, l)) {
      free_a.push_back(l);
    } else {
      (contains(wanted, l) ? batch : summed).push_back(l);
    }
  }
  for (const auto l : b.labels) {
    if (!contains(a.labels, l)) free_b.push_back(l);
  }
  std::vector<int> la = free_a, lb = summed, out = free_a;
  la.insert(la.end(), summed.begin(), summed.end());
  la.insert(la.end(), batch.begin(), batch.end());
  lb.insert(lb.end(), free_b.begin(), free_b.end());
  lb.insert(lb.end(), batch.begin(), batch.end());
  out.insert(out.end(), free_b.begin(), free_b.end());
  out.insert(out.end(), batch.begin(), batch.end());
  const Labelled<T> pa = reordered(a, la);
  const Labelled<T> pb = reordered(b, lb);
  using Dense = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  const auto rows = count(sizes_of(free_a, sizes));
  const auto inner = count(sizes_of(summed, sizes));
  const auto columns = count(sizes_of(free_b, sizes));
  const auto many = count(sizes_of(batch, sizes));
  Labelled<T> result{BasicArray<T>(sizes_of(out, sizes)), out};
  for (std::int64_t k = 0; k < many; ++k) {
    const Eigen::Map<const Dense> ma(pa.array.data.data() + k * rows * inner, rows, inner);
    const Eigen::Map<const Dense> mb(pb.array.data.data() + k * inner * columns, inner, columns);
    Eigen::Map<Dense>(result.array.data.data() + k * rows * columns, rows, columns).noalias() = ma * mb;
  }
  return result;
}

}  // namespace

ConstMatrixMap matrix_at(const Array& a, std::int64_t k) {
  return {a.data.data() + k * a.shape[0] * a.shape[1], a.shape[0], a.shape[1]};
}
MatrixMap matrix_at(Array& a, std::int64_t k) {
  return {a.data.data() + k * a.shape[0] * a.shape[1], a.shape[0], a.shape[1]};
}

template <class T>
BasicArray<T> permuted(const BasicArray<T>& a, const std::vector<int>& order) {
  bool identity = true;
  for (std::size_t k = 0; k < order.size(); ++k) identity = identity && order[k] == static_cast<int>(k);
  if (identity) return a;
  std::vector<std::int64_t> stride(a.shape.size(), 1);
  for (std::size_t k = 1; k < stride.size(); ++k) stride[k] = stride[k - 1] * a.shape[k - 1];
  std::vector<std::int64_t> shape, from, to;
  std::int64_t s = 1;
  for (const auto k : order) {
    shape.push_back(a.shape[static_cast<std::size_t>(k)]);
    from.push_back(stride[static_cast<std::size_t>(k)]);
    to.push_back(s);
    s *= shape.back();
  }
  BasicArray<T> result(shape);
  for_each_pair(shape, from, to, [&](std::int64_t x, std::int64_t y) {
    result.data[static_cast<std::size_t>(y)] = a.data[static_cast<std::size_t>(x)];
  });
  return result;
}

template <class T>
BasicArray<T> einstein(const T& coefficient, std::vector<Labelled<T>> factors, const std::vector<int>& output,
                       const std::vector<std::int64_t>& sizes) {
  const auto wanted_without = [&](std::size_t a, std::size_t b) {
    std::vector<int> wanted = output;
    for (std::size_t k = 0; k < factors.size(); ++k) {
      if (k != a && k != b) wanted.insert(wanted.end(), factors[k].labels.begin(), factors[k].labels.end());
    }
    return wanted;
  };
  for (std::size_t k = 0; k < factors.size(); ++k)
    factors[k] = reduced(factors[k], wanted_without(k, k), sizes);
  while (factors.size() > 1) {  // the pair with the cheapest contraction next
    double best = std::numeric_limits<double>::infinity();
    std::size_t ba = 0, bb = 1;
    for (std::size_t a = 0; a < factors.size(); ++a) {
      for (std::size_t b = a + 1; b < factors.size(); ++b) {
        double cost = 1;
        std::vector<int> all = factors[a].labels;
        for (const auto l : factors[b].labels) {
          if (!contains(all, l)) all.push_back(l);
        }
        for (const auto l : all) cost *= static_cast<double>(sizes[static_cast<std::size_t>(l)]);
        if (cost < best) {
          best = cost;
          ba = a;
          bb = b;
        }
      }
    }
    const auto wanted = wanted_without(ba, bb);
    factors[ba] = reduced(contract(factors[ba], factors[bb], wanted, sizes), wanted, sizes);
    factors.erase(factors.begin() + static_cast<std::ptrdiff_t>(bb));
  }
  Labelled<T> whole =
      factors.empty() ? Labelled<T>{BasicArray<T>(T(1)), {}} : reduced(factors[0], output, sizes);
  if (whole.labels != output || coefficient != 1) {
    std::vector<int> distinct;
    for (const auto l : output) {
      if (!contains(distinct, l)) distinct.push_back(l);
    }
    std::vector<std::int64_t> from(distinct.size(), 0), to(distinct.size(), 0);
    std::int64_t s = 1;
    for (std::size_t k = 0; k < whole.labels.size(); ++k) {
      from[static_cast<std::size_t>(std::find(distinct.begin(), distinct.end(), whole.labels[k]) -
                                    distinct.begin())] = s;
      s *= whole.array.shape[k];
    }
    s = 1;
    for (const auto l : output) {
      to[static_cast<std::size_t>(std::find(distinct.begin(), distinct.end(), l) - distinct.begin())] += s;
      s *= sizes[static_cast<std::size_t>(l)];
    }
    BasicArray<T> result(sizes_of(output, sizes));
    for_each_pair(sizes_of(distinct, sizes), from, to, [&](std::int64_t x, std::int64_t y) {
      result.data[static_cast<std::size_t>(y)] = coefficient * whole.array.data[static_cast<std::size_t>(x)];
    });
    return result;
  }
  return whole.array;
}

template Array permuted(const Array&, const std::vector<int>&);
template BasicArray<Real> permuted(const BasicArray<Real>&, const std::vector<int>&);
template Array einstein(const double&, std::vector<Labelled<double>>, const std::vector<int>&,
                        const std::vector<std::int64_t>&);
template BasicArray<Real> einstein(const Real&, std::vector<Labelled<Real>>, const std::vector<int>&,
                                   const std::vector<std::int64_t>&);

}  // namespace adjoint

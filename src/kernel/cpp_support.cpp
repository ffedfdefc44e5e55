// What generated C++ needs beside loops: functions of numbers, of all entries and along lines.
#include "kernel/cpp_source.hpp"

namespace adjoint::kernel {
namespace {

using Takes = CppSupport::Takes;

const std::vector<CppSupport>& own() {
  static const std::vector<CppSupport> rows{
      // ---- numbers ----
      {"sign", Takes::Scalar, {}, "", R"text(double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
)text"},
      {"relu", Takes::Scalar, {}, "", R"text(double relu(double x) { return x <= 0 ? 0 : x; }
)text"},
      {"sigmoid", Takes::Scalar, {}, "", R"text(double sigmoid(double x) {
  const double e = std::exp(-std::abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}
)text"},
      {"softplus",
       Takes::Scalar,
       {},
       "",
       R"text(double softplus(double x) { return (x <= 0 ? 0 : x) + std::log1p(std::exp(-std::abs(x))); }
)text"},
      {"larger",
       Takes::Scalar,
       {},
       "",
       R"text(double larger(double x, double y) { return x > y || x != x ? x : y; }
)text"},
      {"lesser",
       Takes::Scalar,
       {},
       "",
       R"text(double lesser(double x, double y) { return x < y || x != x ? x : y; }
)text"},
      {"integer_power", Takes::Scalar, {}, "", R"text(double integer_power(double x, long k) {
  double y = 1;
  for (long m = k < 0 ? -k : k; m > 0; m /= 2, x *= x) {
    if (m % 2 == 1) y *= x;
  }
  return k < 0 ? 1 / y : y;
}
)text"},
      // ---- all entries ----
      {"norm",
       Takes::Entries,
       {},
       "",
       R"text(void norm(const double* x, long n, double* out) { *out = CMap(x, n, 1).stableNorm(); }
)text"},
      {"direction", Takes::Entries, {}, "", R"text(void direction(const double* x, long n, double* out) {
  const double length = CMap(x, n, 1).stableNorm();
  for (long k = 0; k < n; ++k) out[k] = length == 0 ? 0 : x[k] / length;
}
)text"},
      {"norm_p", Takes::Entries, {}, "", R"text(void norm_p(const double* x, long n, double p, double* out) {
  double largest = 0, sum = 0;
  for (long k = 0; k < n; ++k) largest = std::max(largest, std::abs(x[k]));
  *out = largest;
  if (largest == 0 || std::isinf(p)) return;
  for (long k = 0; k < n; ++k) sum += std::pow(std::abs(x[k]) / largest, p);
  *out = largest * std::pow(sum, 1 / p);
}
)text"},
      {"norm_p_both",
       Takes::Entries,
       {"norm_p"},
       "",
       R"text(void norm_p_both(const double* x, long n, double p, double* out, double* gradient) {
  norm_p(x, n, p, out);
  long ties = 0;
  for (long k = 0; k < n; ++k) ties += std::abs(x[k]) == *out ? 1 : 0;
  for (long k = 0; k < n; ++k) {
    const double s = x[k] > 0 ? 1 : x[k] < 0 ? -1 : 0;
    const double r = *out == 0 ? 0 : std::abs(x[k]) / *out;
    gradient[k] = s == 0 ? 0 : std::isinf(p) ? (r == 1 ? s / ties : 0) : s * std::pow(r, p - 1);
  }
}
)text"},
      {"norm_p_grad",
       Takes::Entries,
       {"norm_p_both"},
       "",
       R"text(void norm_p_grad(const double* x, long n, double p, double* out) {
  double value;
  norm_p_both(x, n, p, &value, out);
}
)text"},
      // ---- lines ----
      {"line_fold", Takes::Scalar, {}, "", R"text(// out[line] = start, then f(out[line], entry) for the
// entries of the line
template <class F>
void line_fold(const double* x, long inner, long length, long outer, double start, double* out,
               F f) {
  for (long o = 0; o < outer; ++o) {
    for (long i = 0; i < inner; ++i) {
      double y = start;
      for (long k = 0; k < length; ++k) y = f(y, x[i + inner * (k + length * o)]);
      out[i + inner * o] = y;
    }
  }
}
)text"},
      {"maximum",
       Takes::Lines,
       {"line_fold", "larger"},
       "",
       R"text(void maximum(const double* x, long inner, long length, long outer, double* out) {
  line_fold(x, inner, length, outer, -std::numeric_limits<double>::infinity(), out, larger);
}
)text"},
      {"minimum",
       Takes::Lines,
       {"line_fold", "lesser"},
       "",
       R"text(void minimum(const double* x, long inner, long length, long outer, double* out) {
  line_fold(x, inner, length, outer, std::numeric_limits<double>::infinity(), out, lesser);
}
)text"},
      {"prod",
       Takes::Lines,
       {"line_fold"},
       "",
       R"text(void prod(const double* x, long inner, long length, long outer, double* out) {
  line_fold(x, inner, length, outer, 1, out, [](double y, double v) { return y * v; });
}
)text"},
      {"prod_grad",
       Takes::Lines,
       {},
       "",
       R"text(// The product of the other entries of the line.
void prod_grad(const double* x, long inner, long length, long outer, double* out) {
  for (long o = 0; o < outer; ++o) {
    for (long i = 0; i < inner; ++i) {
      const long first = i + inner * length * o;
      double before = 1, behind = 1;
      for (long k = 0; k < length; before *= x[first + k++ * inner]) out[first + k * inner] = before;
      for (long k = length; k-- > 0; behind *= x[first + k * inner]) out[first + k * inner] *= behind;
    }
  }
}
)text"},
      {"prod_hess",
       Takes::Lines,
       {},
       "",
       R"text(// The product of all entries of the line but two, the second behind all axes.
void prod_hess(const double* x, long inner, long length, long outer, double* out) {
  for (long l = 0; l < length; ++l) {
    for (long o = 0; o < outer; ++o) {
      for (long k = 0; k < length; ++k) {
        for (long i = 0; i < inner; ++i) {
          double others = k == l ? 0 : 1;
          for (long m = 0; m < length; ++m) others *= m == k || m == l ? 1 : x[i + inner * (m + length * o)];
          out[i + inner * (k + length * (o + outer * l))] = others;
        }
      }
    }
  }
}
)text"},
      {"logsumexp",
       Takes::Lines,
       {"line_fold", "larger"},
       "",
       R"text(void logsumexp(const double* x, long inner, long length, long outer, double* out) {
  for (long o = 0; o < outer; ++o) {
    for (long i = 0; i < inner; ++i) {
      const double* line = x + i + inner * length * o;
      double largest = -std::numeric_limits<double>::infinity(), sum = 0;
      for (long k = 0; k < length; ++k) largest = larger(largest, line[k * inner]);
      for (long k = 0; k < length; ++k) sum += std::exp(line[k * inner] - largest);
      out[i + inner * o] = std::isinf(largest) ? largest : largest + std::log(sum);
    }
  }
}
)text"},
      {"softmax",
       Takes::Lines,
       {"logsumexp"},
       "",
       R"text(void softmax(const double* x, long inner, long length, long outer, double* out) {
  std::vector<double> total(inner * outer);
  logsumexp(x, inner, length, outer, total.data());
  for (long o = 0; o < outer; ++o) {
    for (long k = 0; k < length; ++k) {
      for (long i = 0; i < inner; ++i) {
        const long at = i + inner * (k + length * o);
        out[at] = std::exp(x[at] - total[i + inner * o]);
      }
    }
  }
}
)text"},
      {"extreme_share", Takes::Scalar, {}, "", R"text(// 1 where a line has its extreme entry, shared between
// ties
void extreme_share(const double* x, long inner, long length, long outer, const double* extreme,
                   double* out) {
  for (long o = 0; o < outer; ++o) {
    for (long i = 0; i < inner; ++i) {
      const long first = i + inner * length * o;
      const double m = extreme[i + inner * o];
      long ties = 0;
      for (long k = 0; k < length; ++k) ties += x[first + k * inner] == m ? 1 : 0;
      for (long k = 0; k < length; ++k)
        out[first + k * inner] = x[first + k * inner] == m ? 1.0 / ties : 0;
    }
  }
}
)text"},
      {"max_grad",
       Takes::Lines,
       {"maximum", "extreme_share"},
       "",
       R"text(void max_grad(const double* x, long inner, long length, long outer, double* out) {
  std::vector<double> extreme(inner * outer);
  maximum(x, inner, length, outer, extreme.data());
  extreme_share(x, inner, length, outer, extreme.data(), out);
}
)text"},
      {"min_grad",
       Takes::Lines,
       {"minimum", "extreme_share"},
       "",
       R"text(void min_grad(const double* x, long inner, long length, long outer, double* out) {
  std::vector<double> extreme(inner * outer);
  minimum(x, inner, length, outer, extreme.data());
  extreme_share(x, inner, length, outer, extreme.data(), out);
}
)text"},
      {"cumsum",
       Takes::Lines,
       {},
       "",
       R"text(void cumsum(const double* x, long inner, long length, long outer, double* out) {
  for (long o = 0; o < outer; ++o) {
    for (long k = 0; k < length; ++k) {
      for (long i = 0; i < inner; ++i) {
        const long at = i + inner * (k + length * o);
        out[at] = x[at] + (k > 0 ? out[at - inner] : 0);
      }
    }
  }
}
)text"},
      {"cumsumT",
       Takes::Lines,
       {},
       "",
       R"text(void cumsumT(const double* x, long inner, long length, long outer, double* out) {
  for (long o = 0; o < outer; ++o) {
    for (long k = length - 1; k >= 0; --k) {
      for (long i = 0; i < inner; ++i) {
        const long at = i + inner * (k + length * o);
        out[at] = x[at] + (k + 1 < length ? out[at + inner] : 0);
      }
    }
  }
}
)text"},
  };
  return rows;
}

template <class F>
void each(F f) {
  for (const CppSupport& row : own()) f(row);
  for (const CppSupport& row : cpp_matrix_support()) f(row);
}

}  // namespace

const CppSupport* cpp_support(std::string_view name) {
  const CppSupport* found = nullptr;
  each([&](const CppSupport& row) {
    if (row.name == name) found = &row;
  });
  return found;
}

std::vector<std::string_view> cpp_support_names() {
  std::vector<std::string_view> names;
  each([&](const CppSupport& row) { names.push_back(row.name); });
  return names;
}

}  // namespace adjoint::kernel

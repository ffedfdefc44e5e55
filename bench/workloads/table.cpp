// The workloads. Inputs are drawn once, with a fixed seed.
#include <cmath>
#include <random>

#include "hand/hand.hpp"
#include "workloads/workload.hpp"

namespace workloads {
namespace {

// "1000", "1e7"
std::string number(long n) {
  int zeros = 0;
  long rest = n;
  for (; rest % 10 == 0; rest /= 10) ++zeros;
  return rest == 1 && zeros >= 6 ? "1e" + std::to_string(zeros) : std::to_string(n);
}

class Draw {
 public:
  explicit Draw(long seed) : engine_(static_cast<std::uint64_t>(seed)) {}
  std::vector<double> normal(long count, double scale = 1) {
    std::vector<double> out(static_cast<std::size_t>(count));
    for (double& x : out) x = scale * normal_(engine_);
    return out;
  }
  std::vector<double> signs(long count) {
    std::vector<double> out = normal(count);
    for (double& x : out) x = x > 0 ? 1 : -1;
    return out;
  }
  // Well conditioned, with a determinant that stays in range.
  std::vector<double> matrix(long n) {
    std::vector<double> out = normal(n * n, 0.4 / std::sqrt(static_cast<double>(n)));
    for (long i = 0; i < n; ++i) out[static_cast<std::size_t>(i * (n + 1))] += 1.2;
    return out;
  }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
};

using Pointer = std::unique_ptr<Workload>;

Pointer elementary() {
  auto w = std::make_unique<Workload>();
  w->given = "x in R";
  w->expression = "log(x+sqrt(x^2+1))/sqrt(x^2+1) - log(x+sqrt(x^2+1))^3";
  w->wrt = {"x"};
  w->inputs = {{"x", {0.7}}};
  w->single = true;
  const double* x = w->inputs[0].values.data();
  w->hand = [x](double* g) { return hand::elementary(*x, *g); };
  return w;
}

Pointer elementary_points(long n) {
  auto w = std::make_unique<Workload>();
  w->given = "x in R^n";
  w->expression = "sum(log(x+sqrt(x.^2+1))./sqrt(x.^2+1) - log(x+sqrt(x.^2+1)).^3)";
  w->wrt = {"x"};
  w->sizes = {{"n", n}};
  w->inputs = {{"x", Draw(n).normal(n, 2)}};
  w->calls = static_cast<double>(n);
  const double* x = w->inputs[0].values.data();
  w->hand = [n, x](double* g) { return hand::elementary_sum(n, x, g); };
  return w;
}

Pointer total_variation(long n) {
  auto w = std::make_unique<Workload>();
  w->given = "x in R^n; eps in R+";
  w->expression = "norm_eps(diff(x),eps)";
  w->wrt = {"x"};
  w->sizes = {{"n", n}};
  w->inputs = {{"x", Draw(n).normal(n)}, {"eps", {0.01}}};
  const double* x = w->inputs[0].values.data();
  const double eps = 0.01;
  w->hand = [n, x, eps](double* g) { return hand::total_variation(n, x, eps, g); };
  return w;
}

Pointer norm3(long n) {
  auto w = std::make_unique<Workload>();
  w->given = "x in R^n";
  w->expression = "norm(x,3)";
  w->wrt = {"x"};
  w->sizes = {{"n", n}};
  w->inputs = {{"x", Draw(n).normal(n)}};
  const double* x = w->inputs[0].values.data();
  w->hand = [n, x](double* g) { return hand::norm3(n, x, g); };
  return w;
}

Pointer network(long p, long q) {
  auto w = std::make_unique<Workload>();
  Draw draw(p + q);
  w->given = "A in R^(q,p); b in R^(1,q); x in R^p";
  w->expression = "b*tanh(A*x)";
  w->wrt = {"A", "b", "x"};
  w->sizes = {{"p", p}, {"q", q}};
  w->inputs = {{"A", draw.normal(p * q, 1 / std::sqrt(static_cast<double>(p)))},
               {"b", draw.normal(q)},
               {"x", draw.normal(p)}};
  const double *A = w->inputs[0].values.data(), *b = w->inputs[1].values.data();
  const double* x = w->inputs[2].values.data();
  w->hand = [=, f = hand::Network(p, q)](double* g) mutable {
    return f(A, b, x, g, g + p * q, g + p * q + q);
  };
  return w;
}

Pointer training_error(long n, long p, long q) {
  auto w = std::make_unique<Workload>();
  Draw draw(n + p + q);
  w->given = "A in R^(q,p); b in R^(1,q); X in R^(p,n); y in R^n";
  w->expression = "sum(i=1:n, (b*tanh(A*X[:,i])-y[i])^2)";
  w->wrt = {"A", "b"};
  w->sizes = {{"n", n}, {"p", p}, {"q", q}};
  w->inputs = {{"A", draw.normal(p * q, 1 / std::sqrt(static_cast<double>(p)))},
               {"b", draw.normal(q)},
               {"X", draw.normal(p * n)},
               {"y", draw.normal(n)}};
  const double *A = w->inputs[0].values.data(), *b = w->inputs[1].values.data();
  const double *X = w->inputs[2].values.data(), *y = w->inputs[3].values.data();
  w->hand = [=, f = hand::TrainingError(n, p, q)](double* g) mutable { return f(A, b, X, y, g, g + p * q); };
  return w;
}

Pointer residual_network(long layers, long p, long q) {
  auto w = std::make_unique<Workload>();
  Draw draw(layers + p + q);
  w->given = "x in R^p; x0 = x";
  w->sizes = {{"p", p}, {"q", q}};
  w->wrt = {"x"};
  w->inputs.push_back({"x", draw.normal(p, 0.1)});
  std::vector<double> stacked;
  for (long t = 1; t <= layers; ++t) {
    const std::string A = "A" + std::to_string(t), last = "x" + std::to_string(t - 1);
    w->given += "; " + A + " in R^(q,p); x" + std::to_string(t) + " = " + last + "+" + A + "'*tanh(" + A +
                "*" + last + ")";
    w->wrt.push_back(A);
    w->inputs.push_back({A, draw.normal(p * q, 0.2 / std::sqrt(static_cast<double>(p)))});
    stacked.insert(stacked.end(), w->inputs.back().values.begin(), w->inputs.back().values.end());
  }
  w->expression = "norm(x" + std::to_string(layers) + ")^2/2";
  const double* x = w->inputs[0].values.data();
  w->hand = [x, p, A = std::move(stacked), f = hand::ResidualNetwork(layers, p, q)](double* g) mutable {
    return f(x, A.data(), g, g + p);
  };
  return w;
}

template <class Hand>
Pointer of_matrix(long n, const std::string& expression) {
  auto w = std::make_unique<Workload>();
  w->given = "X in R^(n,n)";
  w->expression = expression;
  w->wrt = {"X"};
  w->sizes = {{"n", n}};
  w->inputs = {{"X", Draw(n).matrix(n)}};
  const double* X = w->inputs[0].values.data();
  w->hand = [X, f = Hand(n)](double* g) mutable { return f(X, g); };
  return w;
}

Pointer logistic_hessian(long m, long n) {
  auto w = std::make_unique<Workload>();
  Draw draw(m + n);
  w->given = "X in R^(m,n); y in R^m; w in R^n";
  w->expression = "sum(log(1+exp(-y.*(X*w))))";
  w->wrt = {"w"};
  w->order = 2;
  w->sizes = {{"m", m}, {"n", n}};
  w->inputs = {{"X", draw.normal(m * n)},
               {"y", draw.signs(m)},
               {"w", draw.normal(n, 1 / std::sqrt(static_cast<double>(n)))}};
  const auto& X = w->inputs[0].values;
  std::vector<double> Xt(X.size());
  for (long i = 0; i < m; ++i) {
    for (long j = 0; j < n; ++j)
      Xt[static_cast<std::size_t>(j + i * n)] = X[static_cast<std::size_t>(i + j * m)];
  }
  const double *y = w->inputs[1].values.data(), *weights = w->inputs[2].values.data();
  w->hand = [Xt = std::move(Xt), y, weights, f = hand::LogisticHessian(m, n)](double* h) mutable {
    return f(Xt.data(), y, weights, h);
  };
  return w;
}

}  // namespace

std::vector<Entry> all() {
  std::vector<Entry> out;
  out.push_back({"row 5.1, one call", "n = 1", elementary});
  out.push_back({"row 5.1, points", "n = 1e6", [] { return elementary_points(1000000); }});
  for (const long n : {1000L, 1000000L, 10000000L})
    out.push_back({"total variation", "n = " + number(n), [n] { return total_variation(n); }});
  out.push_back({"3-norm", "n = 1e6", [] { return norm3(1000000); }});
  for (const long n : {10L, 100L, 1000L})
    out.push_back({"b*tanh(A*x)", "p = q = " + number(n), [n] { return network(n, n); }});
  out.push_back({"training error", "1000 x 784 x 128", [] { return training_error(1000, 784, 128); }});
  out.push_back({"residual network", "50 of 64 x 64", [] { return residual_network(50, 64, 64); }});
  for (const long n : {4L, 32L, 256L})
    out.push_back(
        {"logdet(X*X')", "n = " + number(n), [n] { return of_matrix<hand::LogDet>(n, "logdet(X*X')"); }});
  for (const long n : {4L, 32L, 256L})
    out.push_back({"det(X)", "n = " + number(n), [n] { return of_matrix<hand::Det>(n, "det(X)"); }});
  for (const long n : {4L, 32L, 256L}) {
    out.push_back({"tr(sqrtm(X*X'))", "n = " + number(n),
                   [n] { return of_matrix<hand::NuclearNorm>(n, "tr(sqrtm(X*X'))"); }});
  }
  for (const long n : {50L, 200L, 500L})
    out.push_back({"logistic Hessian", "n = " + number(n), [n] { return logistic_hessian(2 * n, n); }});
  return out;
}

}  // namespace workloads

// Generated NumPy: how it looks, and that it runs and is right (against differences and plain NumPy).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "print/numpy.hpp"
#include "print_support.hpp"
#include "syntax/build.hpp"

namespace adjoint {
namespace {

using print::numpy_expression;
using print::NumpyModule;
using test::find_forms;
using test::typed;

std::string code(const std::string& given, const std::string& text) {
  return numpy_expression(typed(given, text), find_forms);
}

TEST(PrintNumpy, ReadsProductsOffTypes) {
  const std::string given =
      "A in R^(n,p); B in R^(p,m); x in R^p; y in R^n; b in R^(1,n); a in R; lambda in R; S in R^(n,n)";
  EXPECT_EQ(code(given, "2*A'*(A*x-y)"), "2 * (A.T @ (A @ x - y))");
  EXPECT_EQ(code(given, "A'*A*x"), "A.T @ (A @ x)");
  EXPECT_EQ(code(given, "y*y'*S"), "np.outer(y, y @ S)");
  EXPECT_EQ(code(given, "b*A*x"), "b @ A @ x");
  EXPECT_EQ(code(given, "a*A*B"), "a * (A @ B)");
  EXPECT_EQ(code(given, "(x'*x)*A"), "(x @ x) * A");
  EXPECT_EQ(code(given, "y*b"), "np.outer(y, b)");
  EXPECT_EQ(code(given, "b'.*y-y"), "b * y - y");
  EXPECT_EQ(code(given, "lambda*x/2"), "lambda_ * x / 2");
  EXPECT_EQ(code(given, "S^-1*y"), "np.linalg.inv(S) @ y");
  EXPECT_EQ(code(given, "S^3-S^-2"), "np.linalg.matrix_power(S, 3) - np.linalg.matrix_power(S, -2)");
  EXPECT_EQ(code(given, "S\\y"), "np.linalg.solve(S, y)");
  EXPECT_EQ(code(given, "-x.^2"), "-x ** 2");
  EXPECT_EQ(code(given, "(-x).^a"), "(-x) ** a");
  EXPECT_EQ(code(given, "1./x.^-2"), "1 / x ** -2");
  EXPECT_EQ(code(given, "(A*x)'*y"), "A @ x @ y");
}

TEST(PrintNumpy, CountsFromZero) {
  const std::string given = "X in R^(n,p); x in R^n; b in R^(1,n)";
  EXPECT_EQ(code(given, "X[2:n,:]-X[1:n-1,:]"), "X[1:n, :] - X[0:n - 1, :]");
  EXPECT_EQ(code(given, "X[:,2]'*X[:,1]"), "X[:, 1] @ X[:, 0]");
  EXPECT_EQ(code(given, "x[n]*X[1,2]*b[1,3]"), "x[n - 1] * X[0, 1] * b[2]");
  EXPECT_EQ(code(given, "X[2:2,:]"), "X[1, :]");
  EXPECT_EQ(code(given, "sum(i=1:n, x[i]^2/i)"), "sum(x[i] ** 2 / (i + 1) for i in range(n))");
  EXPECT_EQ(code(given, "sum(i=2:n, x[i]*x[i-1])"), "sum(x[i] * x[i - 1] for i in range(1, n))");
}

TEST(PrintNumpy, FindsAxes) {
  const std::string given = "X in R^(n,p); x in R^n; b in R^(1,p)";
  EXPECT_EQ(code(given, "sum(X)"), "np.sum(X)");
  EXPECT_EQ(code(given, "sum(X,1)"), "np.sum(X, axis=0)");
  EXPECT_EQ(code(given, "mean(X,2)"), "np.mean(X, axis=1)");
  EXPECT_EQ(code(given, "sum(x,1)"), "np.sum(x, axis=0)");
  EXPECT_EQ(code(given, "sum(x,2)"), "np.reshape(np.sum(x[:, None], axis=1), n)");
  EXPECT_EQ(code(given, "sum(b,1)"), "np.reshape(np.sum(b[None, :], axis=0), p)");
  EXPECT_EQ(code(given, "diff(x)"), "np.diff(x, axis=0)");
  EXPECT_EQ(code(given, "cumsum(X,2)"), "np.cumsum(X, axis=1)");
}

TEST(PrintNumpy, PutsBlocksTogether) {
  const std::string given = "A in R^(n,n); x in R^n; s in R; y in R^p";
  EXPECT_EQ(code(given, "[A, x; x', s]"), "np.block([[A, x[:, None]], [x[None, :], s]])");
  EXPECT_EQ(code(given, "[x; s; y]"), "np.hstack([x, s, y])");
  EXPECT_EQ(code(given, "[x', y']"), "np.hstack([x, y])");
  EXPECT_EQ(code(given, "kron(x,x')"), "np.reshape(np.kron(x[:, None], x[None, :]), (n, n))");
}

print::NumpySymbol variable(const std::string& given, const std::string& name) {
  return {name, typed(given, name)->type, false, {}, {}};
}

NumpyModule gradient(const std::string& given, const std::vector<std::string>& names, const std::string& f,
                     const std::string& df, const std::string& x, bool like_variable) {
  NumpyModule module;
  for (const std::string& name : names) module.symbols.push_back(variable(given, name));
  module.variable = x;
  module.value = typed(given, f);
  module.derivative = typed(given, df);
  module.like_variable = like_variable;
  module.forms = find_forms;
  return module;
}

TEST(PrintNumpy, ModuleOfAGradient) {
  const std::string given = "A in R^(m,n); x in R^n; b in R^m; lambda in R";
  EXPECT_EQ(numpy_module(gradient(given, {"A", "x", "b", "lambda"}, "norm(A*x-b,1)+lambda*sum(x)/n",
                                  "A'*sign(A*x-b)+lambda*ones(n)/n", "x", true)),
            R"(import numpy as np

def _array(a, *shape):
    a = np.asarray(a)
    a = a if a.dtype == np.float32 else a.astype(float)
    return a.reshape(*shape) if shape else a

def _norm(x, p=2):
    x = np.abs(x)
    m = np.max(x)
    if p == np.inf or m == 0:
        return m
    return m * np.sum((x / m) ** p) ** (1 / p)

def function(A, x, b, lambda_):
    r"""norm(A*x-b,1)+lambda*sum(x)/n"""
    A = _array(A)
    x = _array(x, -1)
    b = _array(b, -1)
    lambda_ = _array(lambda_, ())
    n = A.shape[1]
    return float(_norm(A @ x - b, 1) + lambda_ * np.sum(x) / n)

def derivative(A, x, b, lambda_):
    r"""A'*sign(A*x-b)+lambda*ones(n)/n"""
    x_shape = np.shape(x)
    A = _array(A)
    x = _array(x, -1)
    b = _array(b, -1)
    lambda_ = _array(lambda_, ())
    n = A.shape[1]
    return np.reshape(A.T @ np.sign(A @ x - b) + lambda_ * np.ones(n) / n, x_shape)
)");
}

class Modules {
 public:
  void add(const NumpyModule& module, const std::string& check) {
    script_ += "ns = {}\nexec(" + quoted(numpy_module(module)) +
               ", ns)\nf, d = ns['function'], ns['derivative']\n" + check + "\n";
  }
  /// Runs everything in one Python; its output, "" if all is well.
  std::string run() const {
    const std::string path = ::testing::TempDir() + "adjoint_print_numpy.py";
    std::ofstream(path) << script_;
    const std::string command = "/usr/bin/python3 " + path + " > " + path + ".log 2>&1";
    const int status = std::system(command.c_str());
    std::ifstream log(path + ".log");
    return status == 0 ? "" : std::string(std::istreambuf_iterator<char>(log), {});
  }

 private:
  static std::string quoted(const std::string& text) { return "r'''" + text + "'''"; }
  std::string script_ = R"(import numpy as np
rng = np.random.default_rng(1)
def differences(f, x, inputs, h=1e-6):
    """Central differences of f in inputs[x], the axes of the variable last."""
    at = np.array(inputs[x], dtype=float)
    out = []
    for k in range(at.size):
        e = np.zeros(at.size); e[k] = h
        e = e.reshape(at.shape)
        out.append((np.asarray(f(**{**inputs, x: at + e})) - np.asarray(f(**{**inputs, x: at - e}))) / (2 * h))
    return np.stack(out, axis=-1).reshape(np.shape(out[0]) + at.shape) if out else None
def close(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, (a.shape, b.shape)
    assert np.allclose(a, b, rtol=1e-5, atol=1e-6), (a, b)
n, p, m, q = 4, 3, 5, 2
)";
};

TEST(PrintNumpy, ModulesRun) {
  Modules all;
  const std::string least = "A in R^(m,n); x in R^n; b in R^m";
  all.add(gradient(least, {"A", "x", "b"}, "norm(A*x-b)^2", "2*A'*(A*x-b)", "x", true), R"(
i = dict(A=rng.normal(size=(m, n)), x=rng.normal(size=n), b=rng.normal(size=m))
assert type(f(**i)) is float
close(d(**i), differences(f, 'x', i))
i['x'] = i['x'].reshape(n, 1)
close(d(**i), differences(f, 'x', i))
i = {k: v.astype(np.float32) for k, v in i.items()}
assert d(**i).dtype == np.float32)");
  all.add(gradient("X in R^(p,n); y in R^n; A in R^(q,p); b in R^(1,q)", {"X", "y", "A", "b"},
                   "sum(i=1:n, (b*tanh(A*X[:,i])-y[i])^2)", "2*(b*tanh(A*X)-y')*tanh(A*X)'", "b", true),
          R"(
i = dict(X=rng.normal(size=(p, n)), y=rng.normal(size=n), A=rng.normal(size=(q, p)), b=rng.normal(size=(1, q)))
close(d(**i), differences(f, 'b', i)))");
  all.add(gradient("x in R^n; u in R^(n-1)", {"x", "u"}, "u'*(x[2:n]-x[1:n-1])", "[0; u]-[u; 0]", "x", true),
          R"(
i = dict(x=rng.normal(size=n), u=rng.normal(size=n - 1))
close(d(**i), differences(f, 'x', i)))");
  all.add(gradient("u in R^(2*n-1); t in R", {"u", "t"}, "t^2*sum(u)*n", "2*t*sum(u)*n", "t", false), R"(
i = dict(u=rng.normal(size=2 * n - 1), t=0.7)
close(d(**i), differences(f, 't', i)))");
  all.add(gradient("x in R^n; A in R^(n,n)", {"x", "A"}, "A*x.^2+x*(x'*x)",
                   "A*diag(2*x)+2*x*x'+(x'*x)*eye(n)", "x", false),
          R"(
i = dict(x=rng.normal(size=n), A=rng.normal(size=(n, n)))
close(d(**i), differences(f, 'x', i)))");
  all.add(gradient("x in R^n; y in R^p", {"x", "y"}, "[x', y'; where(x<0,x,2*x)', y']", "x*0", "x", true), R"(
x, y = rng.normal(size=n), rng.normal(size=p)
close(f(x=x, y=y), np.array([np.r_[x, y], np.r_[np.where(x < 0, x, 2 * x), y]])))");
  all.add(gradient("a in R; x in R", {"a", "x"}, "a^x+1/2", "log(a)*a^x", "x", true), R"(
i = dict(a=1.3, x=np.array([[0.4]]))
assert abs(d(**i) - np.log(1.3) * 1.3 ** 0.4) < 1e-12 and type(d(**i)) is float
assert abs(f(**i) - 1.3 ** 0.4 - 0.5) < 1e-12)");

  all.add(gradient("np in R^n; float in R; lambda in R", {"np", "float", "lambda"}, "float*sum(np.^2)*lambda",
                   "2*float*lambda*np", "np", true),
          R"(
i = dict(np=rng.normal(size=n), float=1.5, lambda_=2.0)
close(d(**i), differences(f, 'np', i)))");

  // A value against plain NumPy.
  const auto value = [&](const std::string& given, const std::vector<std::string>& names,
                         const std::string& f, const std::string& numpy) {
    all.add(
        gradient(given, names, f, f, names[0], false),
        "i = dict(X=rng.normal(size=(n, p)), x=rng.normal(size=n), S=rng.normal(size=(n, n)), "
        "b=rng.normal(size=p))\n"
        "X, x, S, b = i.values()\nclose(f(**{k: i[k] for k in " +
            [&] {
              std::string list = "[";
              for (const std::string& name : names) list += "'" + name + "', ";
              return list + "]";
            }() +
            "}), " + numpy + ")");
  };
  value("X in R^(n,p)", {"X"}, "commutation(n,p)*vec(X)-vec(X')", "np.zeros(n * p)");
  value("X in R^(n,p)", {"X"}, "vec(sum(X,1))+vec(mean(X,1))", "X.sum(axis=0) + X.mean(axis=0)");
  value("X in R^(n,p)", {"X"}, "softmax(X,2)", "np.exp(X) / np.exp(X).sum(axis=1)[:, None]");
  value("X in R^(n,p)", {"X"}, "softmax(X)", "np.exp(X) / np.exp(X).sum(axis=0)");
  value("x in R^n", {"x"}, "softmax(x')", "np.exp(x) / np.exp(x).sum()");
  value("X in R^(n,p)", {"X"}, "logsumexp(X,2)", "np.log(np.exp(X).sum(axis=1))");
  value("X in R^(n,p)", {"X"}, "logsumexp(X)*eye(1)", "np.log(np.exp(X).sum())");
  value("x in R^n", {"x"}, "diffT(diff(x))", "np.append(0, -np.diff(x)) * -1 - np.append(np.diff(x), 0)");
  value("X in R^(n,p)", {"X"}, "cumsumT(X)", "X[::-1].cumsum(axis=0)[::-1]");
  value("x in R^n; b in R^p", {"x", "b"}, "kron(x,b')", "np.outer(x, b)");
  value("x in R^n; b in R^p", {"x", "b"}, "kron(x,b)", "np.kron(x, b)");
  value("X in R^(n,p)", {"X"}, "reshape(X,p,n)", "X.reshape((p, n), order='F')");
  value("X in R^(n,p)", {"X"}, "max(X,[],2)+min(X,[],2)", "X.max(axis=1) + X.min(axis=1)");
  value("x in R^n", {"x"}, "tr(sqrtm(x'*x))*det(inv(x'*x))", "1 / np.linalg.norm(x)");
  value("x in R^n", {"x"}, "normnuc(x)+normop(x')+norm(x,inf)+norm(x,1)+norm(x,3)",
        "sum(np.linalg.norm(x, k) for k in [2, 2, np.inf, 1, 3])");
  value("S in R^(n,n)", {"S"}, "adj(S)-det(S)*S^-1", "np.zeros((n, n))");
  value("S in R^(n,n)", {"S"}, "diag(diag(S))+tril(S)-triu(S)",
        "np.diag(np.diag(S)) + np.tril(S) - np.triu(S)");
  value("S in R^(n,n)", {"S"}, "expm(S)*logm(expm(S*0+eye(n)))", "__import__('scipy.linalg').linalg.expm(S)");
  value("S in R^(n,n)", {"S"}, "lyap(S*S'+eye(n),S)*(S*S'+eye(n))+(S*S'+eye(n))*lyap(S*S'+eye(n),S)", "S");
  value("S in R^(n,n)", {"S"}, "unit(n,2)'*S*unit(n,1)+dot(S,S)", "S[1, 0] + (S ** 2).sum()");

  NumpyModule layer = gradient("rho : R -> R; x in R^p; A in R^(q,p); b in R^(1,q)", {"x", "A", "b"},
                               "b*rho(A*x)", "(b'.*rho_prime(A*x))*x'", "A", true);
  layer.symbols.insert(layer.symbols.begin(), {"rho", {}, true, {}, {}});
  all.add(layer, R"(
i = dict(x=rng.normal(size=p), A=rng.normal(size=(q, p)), b=rng.normal(size=(1, q)), rho=np.tanh, rho_prime=lambda u: 1 - np.tanh(u) ** 2)
close(d(**i), differences(f, 'A', i))
close(d(**{k: v for k, v in i.items() if k != 'rho'}), d(**i)))");

  const std::string sandwich = "A in R^(m,n); X in R^(n,p); B in R^(p,q); H in R^(n,p); U in R^(m,q)";
  NumpyModule linear = gradient(sandwich, {"A", "X", "B"}, "A*X*B", "A*H*B", "X", false);
  linear.derivative = nullptr;
  linear.map = syntax::Map{"H", typed(sandwich, "A*H*B")};
  linear.adjoint = syntax::Map{"U", typed(sandwich, "A'*U*B'")};
  const std::string operator_checks = R"(
i = dict(A=rng.normal(size=(m, n)), X=rng.normal(size=(n, p)), B=rng.normal(size=(p, q)))
H, U = rng.normal(size=(n, p)), rng.normal(size=(m, q))
close(d(**i, H=H), i['A'] @ H @ i['B'])
close(np.sum(d(**i, H=H) * U), np.sum(ns['adjoint'](**i, U=U) * H))
close(ns['kronecker'](**i), np.kron(i['B'].T, i['A'])))";
  all.add(linear, operator_checks);
  linear.kronecker = typed(sandwich, "kron(B',A)");
  all.add(linear, operator_checks);

  EXPECT_EQ(all.run(), "");
}

TEST(PrintNumpy, NamesWhatIsComputedTwice) {
  const std::string given = "x in R^n; a in R^n";
  const std::string module =
      numpy_module(gradient(given, {"x", "a"}, "norm(x-a)", "(x-a)/norm(x-a)+(x-a)*norm(x-a)", "x", true));
  EXPECT_NE(module.find("    v1 = _norm(x - a)\n"), std::string::npos) << module;
}

TEST(PrintNumpy, AsksForSizesThatNoShapeTells) {
  NumpyModule module = gradient("x in R", {"x"}, "x", "x", "x", true);
  module.value = syntax::with_type(syntax::binary("*", module.value, syntax::name("k")), {});
  const std::string printed = numpy_module(module);
  EXPECT_NE(printed.find("def function(x, k):"), std::string::npos) << printed;
  EXPECT_NE(printed.find("def derivative(x):"), std::string::npos) << printed;
}

}  // namespace
}  // namespace adjoint

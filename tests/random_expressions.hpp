// Random well-typed expressions over the functions of the notation.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace adjoint::app {

inline constexpr const char* kGiven =
    "x in R^n; y in R^n; A in R^(n,n); X in R^(n,p); B in R^(p,n); S in PD(n); s in R+; t in R; rho : R -> "
    "R; g : R^n -> R";

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::string scalar(int depth) { return "(" + bare_scalar(depth) + ")"; }
  std::string bare_scalar(int depth) {
    if (depth <= 0) return pick({"s", "t", "x'*y", "sum(x)"});
    switch (below(16)) {
      case 0:
        return "(" + scalar(depth - 1) + "+" + scalar(depth - 1) + ")";
      case 1:
        return "(" + scalar(depth - 1) + "*" + scalar(depth - 1) + ")";
      case 2:
        return pick({"sin", "cos", "tanh", "exp", "sigmoid", "softplus", "atan", "rho"}) + "(" +
               scalar(depth - 1) + ")";
      case 3:
        return "norm(" + vector(depth - 1) + ")^2";
      case 4:
        return "(" + vector(depth - 1) + ")'*" + vector(depth - 1);
      case 5:
        return "tr(" + square(depth - 1) + ")";
      case 6:
        return "det(" + definite(depth - 1) +
               ")";  // of full rank: a determinant that vanishes is all rounding
      case 7:
        return "logsumexp(" + vector(depth - 1) + ")";
      case 8:
        return "logdet(" + definite(depth - 1) + ")";
      case 9:
        return "(" + scalar(depth - 1) + ")/(1+" + scalar(depth - 1) + "^2)";
      case 10:
        return "sum(" + vector(depth - 1) + ".*" + vector(depth - 1) + ")";
      case 11:
        return "sqrt(1+" + scalar(depth - 1) + "^2)";
      case 12:
        return "norm_eps(" + vector(depth - 1) + ",s)";
      case 13:
        return "g(" + vector(depth - 1) + ")";
      case 14:
        return "sum(i=1:n, " + pick({"x[i]*y[i]^2", "sin(x[i])*y[i]", "(A[i,:]*x-y[i])^2"}) + ")";
      default:
        return "x'*" + square(depth - 1) + "*y";
    }
  }
  std::string vector(int depth) { return "(" + bare_vector(depth) + ")"; }
  std::string bare_vector(int depth) {
    if (depth <= 0) return pick({"x", "y", "A*x", "X*(B*y)", "diag(S)"});
    switch (below(11)) {
      case 0:
        return "(" + vector(depth - 1) + "+" + vector(depth - 1) + ")";
      case 1:
        return "(" + vector(depth - 1) + ".*" + vector(depth - 1) + ")";
      case 2:
        return pick({"sin", "tanh", "exp", "sigmoid", "rho"}) + "(" + vector(depth - 1) + ")";
      case 3:
        return square(depth - 1) + "*" + vector(depth - 1);
      case 4:
        return "softmax(" + vector(depth - 1) + ")";
      case 5:
        return "cumsum(" + vector(depth - 1) + ")";
      case 6:
        return "diffT(diff(" + vector(depth - 1) + "))";
      case 7:
        return "(" + scalar(depth - 1) + "*" + vector(depth - 1) + ")";
      case 8:
        return "inv(" + definite(depth - 1) + ")*" + vector(depth - 1);
      case 9:
        return "sum(" + square(depth - 1) + ",2)";
      default:
        return "diag(" + square(depth - 1) + ")";
    }
  }
  std::string square(int depth) { return "(" + bare_square(depth) + ")"; }
  std::string bare_square(int depth) {
    if (depth <= 0) return pick({"A", "S", "X*B", "A'", "x*y'"});
    switch (below(11)) {
      case 0:
        return "(" + square(depth - 1) + "+" + square(depth - 1) + ")";
      case 1:
        return square(depth - 1) + "*" + square(depth - 1);
      case 2:
        return "(" + square(depth - 1) + ")'";
      case 3:
        return "inv(" + definite(depth - 1) + ")";
      case 4:
        return "(" + square(depth - 1) + ".*" + square(depth - 1) + ")";
      case 5:
        return "diag(" + vector(depth - 1) + ")";
      case 6:
        return pick({"sqrtm", "logm"}) + "(" + definite(depth - 1) + ")";
      case 7:
        return "(" + vector(depth - 1) + "*(" + vector(depth - 1) + ")')";
      case 8:
        return "tril(" + square(depth - 1) + ")";
      case 9:
        return "tanh(" + square(depth - 1) + ")";
      default:
        return "(eye(n)+" + scalar(depth - 1) + "*" + square(depth - 1) + ")";
    }
  }
  std::string definite(int depth) {
    if (depth <= 0) return "S";
    return pick({"(S+X*X')", "(eye(n)+" + std::string("A*A')"), "(S+diag(x.^2))", "(2*S)", "(eye(n)+B'*B)"});
  }
  std::string any(int depth) {
    switch (below(4)) {
      case 0:
        return vector(depth);
      case 1:
        return square(depth);
      default:
        return scalar(depth);
    }
  }
  std::string variable() { return pick({"x", "y", "A", "X", "B", "S", "s", "t"}); }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string pick(std::vector<std::string> list) {
    return list[static_cast<std::size_t>(below(static_cast<int>(list.size())))];
  }
  std::mt19937 random_;
};

}  // namespace adjoint::app

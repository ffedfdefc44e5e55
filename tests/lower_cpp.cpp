// Programs as C++: compiled, run, and compared with the interpreter.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "calculus/differentiate.hpp"
#include "kernel/builder.hpp"
#include "kernel/cpp_source.hpp"
#include "kernel/routine.hpp"
#include "lower/lower.hpp"
#include "notation/notation.hpp"
#include "run/interpreter.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

using kernel::Program;

struct Case {
  std::string given, expression, wrt;
  int order = 1;
};

const SizeValues kSizes{{"m", 5}, {"n", 4}, {"p", 3}, {"q", 2}};

Program program_of(const Case& c, std::vector<std::string>* positive = nullptr) {
  notation::Session session;
  Graph graph;
  EXPECT_TRUE(session.declare(c.given)) << session.errors_text();
  const auto formula = session.expression(graph, c.expression);
  if (!formula) throw std::runtime_error(session.errors_text());
  std::vector<Expr> inputs;
  for (const auto& symbol : formula->symbols) {
    if (symbol.kind != notation::Symbol::Kind::Variable) continue;
    inputs.push_back(notation::variable(graph, symbol));
    if (positive != nullptr && symbol.structure != notation::Structure::None)
      positive->push_back(symbol.name);
  }
  const Expr x = notation::variable(graph, *formula->symbol(c.wrt));
  std::vector<Expr> outputs{simplify(formula->value)};
  for (int k = 0; k < c.order; ++k) outputs.push_back(simplify(jacobian(outputs.back(), x)));
  return lower(inputs, outputs);
}

run::Array drawn(const run::Dims& dims, bool definite, std::mt19937& random) {
  run::Array a(dims);
  std::uniform_real_distribution<double> uniform(0.1, 1.0);
  for (std::int64_t k = 0; k < a.size(); ++k) a[k] = uniform(random) * (random() % 3 == 0 ? -1 : 1);
  if (!definite) return a;
  run::Array s(dims);
  for (std::int64_t i = 0; i < dims[0]; ++i) {
    for (std::int64_t j = 0; j < dims[0]; ++j) {
      for (std::int64_t k = 0; k < dims[0]; ++k) s(i, j) += a(i, k) * a(j, k);
    }
    s(i, i) += 1;
  }
  return s;
}

// The sizes that the function of this name takes, read off its signature.
std::vector<std::string> sizes_taken(const std::string& source, const std::string& name) {
  std::vector<std::string> out;
  auto at = source.find("\nvoid " + name + "(");
  const auto end = source.find('{', at);
  while ((at = source.find("long ", at)) < end) {
    at += 5;
    out.push_back(source.substr(at, source.find_first_of(",)", at) - at));
  }
  return out;
}

using Entry = void (*)(const double* const*, double* const*);

// Sources with one entry point each, `run_NAME(inputs, outputs)`, compiled into one library.
class Library {
 public:
  void add(const std::string& name, const Program& program, const std::string& functions = "") {
    const std::string source = kernel::cpp_source(program, name);
    std::string call;
    const auto argument = [&](const std::string& text) { call += (call.empty() ? "" : ", ") + text; };
    for (const std::string& size : sizes_taken(source, name)) argument(std::to_string(kSizes.at(size)));
    for (std::size_t k = 0; k < program.inputs.size(); ++k) argument("in[" + std::to_string(k) + "]");
    for (std::size_t k = 0; k < program.outputs.size(); ++k) argument("out[" + std::to_string(k) + "]");
    if (!functions.empty()) argument(functions);
    text_ += source + "extern \"C\" void run_" + name +
             "(const double* const* in, double* const* out) {\n  " + name + "(" + call + ");\n}\n\n";
  }
  void compile() {
    folder_ = std::filesystem::temp_directory_path() /
              ("adjoint_cpp_" + std::to_string(getpid()) + "_" + std::to_string(text_.size()));
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "programs.cpp") << text_;
    const std::string command =
        "g++ -std=c++17 -O0 -Wall -Wextra -Werror -shared -fPIC -isystem " ADJOINT_EIGEN " -o " +
        (folder_ / "programs.so").string() + " " + (folder_ / "programs.cpp").string();
    ASSERT_EQ(std::system(command.c_str()), 0) << text_;
    handle_ = dlopen((folder_ / "programs.so").c_str(), RTLD_NOW);
    ASSERT_NE(handle_, nullptr) << dlerror();
  }
  Entry entry(const std::string& name) const {
    return reinterpret_cast<Entry>(dlsym(handle_, ("run_" + name).c_str()));
  }
  ~Library() {
    if (handle_ != nullptr) dlclose(handle_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

 private:
  std::string text_;
  std::filesystem::path folder_;
  void* handle_ = nullptr;
};

void expect_same(const Program& program, Entry entry, const std::vector<run::Array>& inputs,
                 const run::Options& options = {}) {
  ASSERT_NE(entry, nullptr);
  run::Interpreter interpreter(program, kSizes, options);
  const auto expected = interpreter.run(inputs);
  std::vector<const double*> in;
  for (const auto& a : inputs) in.push_back(a.data());
  std::vector<run::Array> results = expected;
  std::vector<double*> out;
  for (auto& a : results) {
    for (std::int64_t k = 0; k < a.size(); ++k) a[k] = -12345;
    out.push_back(a.data());
  }
  entry(in.data(), out.data());
  for (std::size_t r = 0; r < results.size(); ++r) {
    for (std::int64_t k = 0; k < results[r].size(); ++k)
      EXPECT_NEAR(results[r][k], expected[r][k], 1e-9 * (1 + std::abs(expected[r][k])))
          << "output " << r << " entry " << k << "\n"
          << kernel::text(program);
  }
}

void compare(const std::vector<Case>& cases) {
  Library library;
  std::vector<Program> programs;
  std::vector<std::vector<std::string>> definite(cases.size());
  for (std::size_t k = 0; k < cases.size(); ++k) {
    programs.push_back(program_of(cases[k], &definite[k]));
    library.add("f" + std::to_string(k), programs.back());
  }
  library.compile();
  std::mt19937 random(11);
  for (std::size_t k = 0; k < cases.size(); ++k) {
    SCOPED_TRACE(cases[k].expression);
    const run::Interpreter shapes(programs[k], kSizes);
    std::vector<run::Array> inputs;
    for (std::size_t i = 0; i < programs[k].inputs.size(); ++i) {
      const std::string& name = programs[k].buffers[static_cast<std::size_t>(programs[k].inputs[i])].name;
      const bool positive = std::find(definite[k].begin(), definite[k].end(), name) != definite[k].end();
      inputs.push_back(drawn(shapes.input_dims(i), positive, random));
    }
    expect_same(programs[k], library.entry("f" + std::to_string(k)), inputs);
  }
}

TEST(Cpp, ProgramsComputeWhatTheInterpreterComputes) {
  compare(
      {{"x in R", "log(x^2+sqrt(x^2+1))/sqrt(x^2+1) - log(x^2+sqrt(x^2+1))^3", "x"},
       {"x in R^n; eps in R", "norm_eps(diff(x),eps)", "x"},
       {"A in R^(q,p); b in R^(1,q); X in R^(p,n); y in R^n", "sum(i=1:n, (b*tanh(A*X[:,i])-y[i])^2)", "A"},
       {"X in R^(m,n); y in R^m; w in R^n", "sum(log(1+exp(-y.*(X*w))))", "w", 2},
       {"x in R^n", "norm(x,3)", "x"},
       {"x in R^n", "max(x)+min(x)*prod(x)^0", "x"},
       {"x in R^n; y in R^n", "sum(where(x<y, abs(x), max(x,y).*sign(y)+relu(x)))", "x"},
       {"X in R^(n,p)", "sum(logsumexp(X,1))", "X"},
       {"x in R^n", "softmax(x)", "x"},
       {"x in R^n", "cumsum(x)'*cumsum(x)*sum(sigmoid(x))", "x"},
       {"A in R^(p,q); B in R^(q,p)", "sum(exp(kron(A,B)))", "A"}});
}

// Eigen's factorisations take the compiler a minute: --gtest_also_run_disabled_tests.
TEST(Cpp, DISABLED_MatrixRoutines) {
  compare({{"X in R^(n,n)", "logdet(X*X'+eye(n))", "X"},
           {"X in R^(n,n)", "det(X)", "X"},
           {"X in R^(m,n)", "normnuc(X)", "X"},
           {"S in PD(n)", "tr(sqrtm(S))*tr(inv(S))", "S"},
           {"S in PD(n); b in R^n", "b'*(S\\b)", "b"},
           {"x in R^n; A in R^(n,n)", "x'*A^2*x/7 - 3*sum(x[2:n].^5)/x[1]", "x", 2}});
}

// What lowering rarely writes: every reduction with every store, guards, negative steps, names that C++
// takes.
TEST(Cpp, EveryStoreAndReduction) {
  using namespace kernel;
  const Size n = Size::name("n");
  const Size p = Size::name("p");
  ProgramBuilder b;
  const BufferId x = b.input("double", {n, p});
  const BufferId i = b.input("i", {n});
  for (const Store store : {Store::Assign, Store::Add, Store::Patch}) {
    for (const Reduction reduction : {Reduction::Sum, Reduction::Max, Reduction::Min, Reduction::Product}) {
      for (const bool diagonal : {false, true}) {
        const BufferId r = b.temporary(diagonal ? Shape{n, n} : Shape{n});
        PointwiseBuilder first(diagonal ? std::vector<Size>{n, n} : std::vector<Size>{n});
        first.store(along(r, diagonal ? std::vector<std::int32_t>{0, 1} : std::vector<std::int32_t>{0}),
                    first.constant(Rational(1, 3)));
        if (store != Store::Assign) b.add(std::move(first).finish());
        PointwiseBuilder w({n, p});
        Access shifted_x = along(x, {0, 1});
        shifted_x.axes[0] = shifted(0, -1);
        shifted_x.guarded = true;
        Access backwards = along(i, {0});
        backwards.axes[0] = {{{0, -1}}, n - Size(1)};
        const Register v = w.call("rho", w.binary(ScalarOp::Add, w.load(shifted_x), w.load(backwards)));
        w.store(along(r, diagonal ? std::vector<std::int32_t>{0, 0} : std::vector<std::int32_t>{0}),
                w.binary(ScalarOp::Mul, v, w.index(1)), reduction, store);
        b.add(std::move(w).finish());
        b.output(r);
      }
    }
  }
  b.output(i);
  const Program program = b.finish();
  Library library;
  library.add("every", program, "[](double x) { return 1 + x * x; }");
  library.compile();
  run::Options options;
  options.functions.scalar["rho"] = [](double v) { return 1 + v * v; };
  std::mt19937 random(3);
  expect_same(program, library.entry("every"), {drawn({4, 3}, false, random), drawn({4}, false, random)},
              options);
}

TEST(Cpp, EveryRoutineHasText) {
  using namespace kernel;
  for (const std::string_view name : routine_names()) {
    if (name == "call") continue;  // is the caller's
    EXPECT_NE(cpp_support(name == "solve" ? "solve_lower" : name), nullptr) << name;
  }
}

TEST(Cpp, ARoutineWithoutTextIsNamed) {
  using namespace kernel;
  const Size n = Size::name("n");
  ProgramBuilder b;
  Routine r;
  r.name = "call";
  r.function = "g";
  const BufferId x = b.input("X", {n});
  const BufferId y = b.temporary({});
  r.inputs = {{x, {}}};
  r.outputs = {{y, {}}};
  b.add(std::move(r));
  b.output(y);
  try {
    cpp_source(b.finish(), "f");
    FAIL();
  } catch (const NoSource& e) {
    EXPECT_NE(std::string(e.what()).find('g'), std::string::npos);
  }
  EXPECT_THROW(cpp_source(b.finish(), "2f"), std::invalid_argument);
}

}  // namespace
}  // namespace adjoint

// Texts of the notation, all the way: declarations, an expression, a variable (one line each) are read, the
// expression is printed and read again, differentiated, simplified, and the derivative printed and read
// again.
//
// What may happen to a text: an error with its place, or a derivative. What aborts: a crash or a hang, an
// exception that names a fault of the program, printed text that does not read back (an expression as the
// same node).
#include "notation/notation.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "calculus/differentiate.hpp"
#include "print/reader.hpp"
#include "print/text.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

constexpr std::size_t kLongest = 300;  // characters; longer inputs are slow and find nothing more

[[noreturn]] void fault(const std::string& what, std::string_view detail) {
  std::fprintf(stderr, "fault: %s\n%.*s\n", what.c_str(), static_cast<int>(detail.size()), detail.data());
  std::abort();
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

/// The type of the derivative where it is a matrix or less.
std::optional<syntax::Type> type_of_derivative(const syntax::Type& f, const syntax::Type& x) {
  if (!f.higher.empty() || !x.higher.empty()) return std::nullopt;
  if (f.is_scalar()) return x;
  if (x.is_scalar()) return f;
  const Size one(1);
  if (f.columns == one && x.columns == one) return syntax::Type{f.rows, x.rows, {}};
  return std::nullopt;
}

void differentiate(notation::Session& session, Graph& graph, const notation::Formula& f,
                   const notation::Symbol& x) {
  const Expr variable = notation::variable(graph, x);
  const Expr raw = f.type.is_scalar() ? gradient(f.value, variable) : jacobian(f.value, variable);
  const Expr derivative = simplify(raw);
  if (derivative.shape() != raw.shape()) fault("simplify changed the shape", f.text);
  const auto type = type_of_derivative(f.type, x.type);
  if (!type) return;
  ReadOptions options;
  options.declared = [&](std::string_view name) {
    const notation::Symbol* symbol = f.symbol(name);
    return symbol == nullptr ? nullptr : &symbol->type;
  };
  const auto tree = read(simplify(factored(expanded(derivative))), *type, options);  // as displayed
  if (!tree) return;
  const std::string text = print::text(tree);
  session.adopt(f);
  const auto again = session.expression(graph, text);
  if (!again) fault("the derivative does not read back: " + text, session.errors_text());
  const auto& back = again->type;
  if (!(back.rows == type->rows && back.columns == type->columns && back.higher == type->higher)) {
    fault("the derivative reads back with another shape", text);
  }
}

void run(std::string_view input) {
  const std::string_view given = take_line(input);
  const std::string_view expression = take_line(input);
  const std::string_view wrt = take_line(input);
  notation::Session session;
  if (!session.declare(given)) {
    if (session.errors_text().empty()) fault("refused without an error", given);
    return;
  }
  Graph graph;
  const auto f = session.expression(graph, expression);
  if (!f) {
    if (session.errors_text().empty()) fault("refused without an error", expression);
    return;
  }
  const std::string text = print::text(f->parsed);
  const auto again = session.expression(graph, text);
  if (!again) fault("the printed text does not read back: " + text, session.errors_text());
  if (!(again->value == f->value)) fault("the printed text reads as another expression", text);
  const notation::Symbol* x = f->symbol(wrt);
  if (x != nullptr && x->kind == notation::Symbol::Kind::Variable) differentiate(session, graph, *f, *x);
}

}  // namespace
}  // namespace adjoint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (size > adjoint::kLongest) return -1;
  try {
    adjoint::run(input);
  } catch (const std::runtime_error& e) {  // no derivative is known, sizes overflow, shapes do not fit
    if (std::string_view(e.what()).starts_with("internal")) adjoint::fault(e.what(), input);
  } catch (const std::length_error&) {  // too long to be written out
  } catch (const std::exception& e) {
    adjoint::fault(e.what(), input);
  }
  return 0;
}

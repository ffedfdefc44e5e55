// Arrays of higher order in NumPy.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <stdexcept>

#include "kernel/routine.hpp"
#include "ops/abstract.hpp"
#include "ops/record.hpp"
#include "ops/support.hpp"
#include "print/numpy.hpp"
#include "print/numpy_writer.hpp"
#include "print/reader.hpp"
#include "print/tensor.hpp"
#include "syntax/tree.hpp"

namespace adjoint::print {
namespace {

constexpr std::string_view kEach =
    "def _each(f, *parts):\n"
    "    batch = max((np.shape(a)[k:] for a, k in parts), key=len)\n"
    "    members = [f(*(a[(...,) + i] if np.ndim(a) > k else a for a, k in parts)) for i in "
    "np.ndindex(*batch)]\n"
    "    r = np.array(members)\n"
    "    r = r.reshape(batch + r.shape[1:])\n"
    "    return np.moveaxis(r, range(len(batch)), range(-len(batch), 0)) if batch else r\n";

// What the application does to one member of its batch: its operands as variables a, b, ….
struct Core {
  Expr expr;
  std::vector<Expr> arguments;
};

std::string argument_name(std::size_t k) { return "_" + std::string(1, static_cast<char>('a' + k)); }

class Tensors {
 public:
  Tensors(const NameOf& name, const ReadOptions& options, const syntax::FormLookup& forms, TensorCode& code)
      : name_(name), options_(options), forms_(forms), code_(code) {}

  std::string write(Expr e) {
    const Node& n = *e;
    switch (n.kind) {
      case Kind::Variable:
        return name_(e);
      case Kind::Extent:
        return size(n.extent);
      case Kind::Product:
        return product(n);
      case Kind::Sum: {
        std::string out;
        for (const auto& t : n.terms) {
          const bool minus = t.coefficient.is_negative();
          out += out.empty() ? (minus ? "-" : "") : minus ? " - " : " + ";
          const Rational factor = t.coefficient.absolute();
          out += (factor.is_one() ? "" : "(" + factor.text() + ") * ") + write(t.expr);
        }
        return "(" + out + ")";
      }
      case Kind::Power:
        return "(" + write(n.operands[0]) + ") ** (" + write(n.operands[1]) + ")";
      case Kind::Apply:
        return apply(n);
    }
    throw std::invalid_argument("an array of higher order that NumPy code cannot say");
  }

 private:
  std::string size(const Size& s) {
    NumpyWriter writer(forms_, {});
    const std::string text = writer.size_text(s, Python::Level::Atom);
    code_.sizes.insert(writer.sizes.begin(), writer.sizes.end());
    return text;
  }

  std::string product(const Node& n) {
    std::string in;
    std::string arguments;
    const auto operand = [&](const std::string& labels, const std::string& text) {
      in += (arguments.empty() ? "" : ",") + labels;
      arguments += ", " + text;
    };
    const auto letter_of = [](std::size_t k) {
      if (k >= 52) throw std::invalid_argument("a product of more than 52 axes");
      return std::string(1, static_cast<char>(k < 26 ? 'a' + k : 'A' + (k - 26)));
    };
    std::size_t letters = 0;
    std::set<Label> seen;
    std::map<Label, std::string> written;
    const auto letter = [&](Label l) -> const std::string& {
      std::string& text = written[l];
      if (text.empty()) text = letter_of(letters++);
      return text;
    };
    for (const auto& f : n.factors) {
      std::string labels;
      for (const auto l : f.labels) {
        labels += letter(l);
        seen.insert(l);
      }
      operand(labels, write(f.expr));
    }
    std::string out;
    std::set<Label> placed;
    for (const auto l : n.output) {
      const Size& length = n.label_sizes[static_cast<std::size_t>(l)];
      if (placed.insert(l).second) {
        if (seen.insert(l).second) operand(letter(l), "np.ones(" + size(length) + ")");
        out += letter(l);
      } else {  // a diagonal
        const std::string other = letter_of(letters++);
        operand(letter(l) + other, "np.eye(" + size(length) + ")");
        out += other;
      }
    }
    const Rational factor = n.coefficient.absolute();
    std::string number = factor.is_one() ? "" : "(" + factor.text() + ") * ";
    if (n.coefficient.is_negative()) number.insert(0, "-");
    if (arguments.empty()) return "(" + n.coefficient.text() + ")";
    const bool two = std::count(in.begin(), in.end(), ',') < 2;
    return number + "np.einsum('" + in + "->" + out + "'" + arguments + (two ? ")" : ", optimize=True)");
  }

  // As the notation writes it, where that can.
  std::string read_form(Expr e, const std::set<std::string>& own) {
    syntax::Type type;
    if (e.rank() > 0) type.rows = e.shape()[0];
    if (e.rank() > 1) type.columns = e.shape()[1];
    ReadOptions options = options_;
    if (!own.empty()) options.declared = nullptr;
    options.code = true;
    const syntax::Ast tree = read(e, type, options);
    if (!tree) throw std::invalid_argument("an array of higher order that NumPy code cannot say");
    std::set<std::string> symbols = own;
    if (own.empty()) {
      for (const auto& part : topological(std::span(&e, 1))) {
        if (part->kind == Kind::Variable) symbols.insert(part->name());
      }
    }
    NumpyWriter writer(forms_, symbols);
    std::string text = writer.operand(tree, own.empty() ? Python::Level::Atom : Python::Level::Any);
    if (!writer.statements.empty()) throw std::invalid_argument("code with statements inside a product");
    code_.sizes.insert(writer.sizes.begin(), writer.sizes.end());
    code_.functions.insert(code_.functions.end(), writer.supported.begin(), writer.supported.end());
    code_.called.merge(syntax::called_functions(tree));
    return text;
  }

  std::string apply(const Node& n) {
    const auto parts = topological(std::span(n.operands));
    const bool matrices =
        n.rank() <= 2 && std::all_of(parts.begin(), parts.end(), [](Expr e) {
          return e.rank() <= 2 && (e->kind != Kind::Variable || e->name().find('#') == std::string::npos);
        });
    if (matrices) return read_form(Expr(&n), {});
    const Lowering& by = record_of(n).lowering;
    switch (by.by) {
      case Lowering::By::View:
        return view(n, by.code);
      case Lowering::By::Scalar:
        return entrywise(n);
      case Lowering::By::Routine: {
        const kernel::RoutineInfo* info = kernel::find_routine(by.code);
        if (info == nullptr) break;
        return info->matrix ? each(n, 2) : along(n);
      }
      case Lowering::By::None:
        return abstract_use(n)->entrywise ? entrywise(n) : each(n, 1);
    }
    throw std::invalid_argument(std::string(n.op->name) + " of an array of higher order has no NumPy code");
  }

  static std::size_t axis_at(const Node& n) { return static_cast<std::size_t>(n.attributes.integers.at(0)); }

  std::string view(const Node& n, std::string_view code) {
    const auto shape_of = [this](const Shape& shape) {
      std::string text;
      for (const auto& s : shape) text += size(s) + ", ";
      return "(" + text + ")";
    };
    if (code == "reshape")
      return "np.reshape(" + write(n.operands[0]) + ", " + shape_of(n.shape) + ", order='F')";
    if (code == "basis")
      return "np.eye(" + size(n.shape[0]) + ")[" + size(n.attributes.sizes[1] - Size(1)) + "]";
    const std::size_t axis = axis_at(n);
    const std::string behind = "axis=" + std::to_string(axis);
    if (code == "join") {
      std::string list;
      for (const auto& part : n.operands) list += (list.empty() ? "" : ", ") + write(part);
      return "np.concatenate((" + list + "), " + behind + ")";
    }
    const std::string x = write(n.operands[0]);
    if (code == "window") {
      const Size& start = n.attributes.sizes[0];
      std::string slices;
      for (std::size_t k = 0; k < axis; ++k) slices += ":, ";
      return "(" + x + ")[" + slices + size(start) + ":" + size(start + n.shape[axis]) + "]";
    }
    if (code == "difference") return "np.diff(" + x + ", " + behind + ")";
    if (code == "difference_adjoint") return "-np.diff(" + x + ", " + behind + ", prepend=0, append=0)";
    throw std::invalid_argument("no index arithmetic for " + std::string(code));
  }

  // The operands' own axes are their first `axes` at most; `first`: where the attributes name an axis, it is
  // the first.
  static Core core_of(const Node& n, std::size_t axes, bool first) {
    Graph& g = *n.graph;
    Core core;
    for (std::size_t k = 0; k < n.operands.size(); ++k) {
      const Shape& shape = n.operands[k].shape();
      const Shape own(shape.begin(),
                      shape.begin() + static_cast<std::ptrdiff_t>(std::min(axes, shape.size())));
      core.arguments.push_back(g.variable(argument_name(k), own, {}, Role::Placeholder));
    }
    Attributes attributes = n.attributes;
    if (first) attributes.integers[0] = 0;
    core.expr = g.apply(*n.op, core.arguments, attributes);
    return core;
  }

  std::string lambda(const Core& core) {
    std::string parameters;
    std::set<std::string> own;
    for (const auto& v : core.arguments) {
      parameters += (parameters.empty() ? "" : ", ") + python_name(v->name());
      own.insert(v->name());
    }
    return "lambda " + parameters + ": " + read_form(core.expr, own);
  }

  std::string each(const Node& n, std::size_t axes) {
    const Core core = core_of(n, axes, false);
    std::string out = "_each(" + lambda(core);
    for (std::size_t k = 0; k < n.operands.size(); ++k)
      out += ", (" + write(n.operands[k]) + ", " + std::to_string(core.arguments[k].rank()) + ")";
    code_.support.emplace(kEach);
    return out + ")";
  }

  // Lines along an axis, or all entries as one line.
  std::string along(const Node& n) {
    Graph& g = *n.graph;
    const bool all = n.attributes.integers.empty() || n.attributes.integers[0] < 0;
    const Expr x = n.operands[0];
    Shape line{all ? kernel::entries(x.shape()) : x.shape()[axis_at(n)]};
    Core core;
    core.arguments.push_back(g.variable(argument_name(0), line, {}, Role::Placeholder));
    std::vector<Expr> operands = core.arguments;
    std::string further;
    for (std::size_t k = 1; k < n.operands.size(); ++k) {  // numbers
      core.arguments.push_back(g.variable(argument_name(k), {}, {}, Role::Placeholder));
      operands.push_back(core.arguments.back());
      further += ", " + write(n.operands[k]);
    }
    Attributes attributes = n.attributes;
    if (!all) attributes.integers[0] = 0;
    core.expr = g.apply(*n.op, operands, attributes);
    const std::string f = lambda(core);
    if (!all) {
      const std::string axis = std::to_string(axis_at(n));
      std::string out = "np.apply_along_axis(" + f + ", " + axis + ", " + write(x) + further + ")";
      if (core.expr.rank() == 2)  // the line's axis once more, behind all
        out = "np.moveaxis(" + out + ", " + std::to_string(axis_at(n) + 1) + ", -1)";
      return out;
    }
    std::string out = "(" + f + ")(np.ravel(" + write(x) + ", order='F')" + further + ")";
    if (n.rank() == 0) return out;
    std::string shape;
    for (const auto& s : n.shape) shape += size(s) + ", ";
    return "np.reshape(" + out + ", (" + shape + "), order='F')";
  }

  // Functions of numbers are written alike for arrays of any order.
  std::string entrywise(const Node& n) {
    const Core core = core_of(n, 1, false);
    std::set<std::string> own;
    for (const auto& v : core.arguments) own.insert(v->name());
    const std::string form = read_form(core.expr, own);
    std::string out;
    for (std::size_t at = 0; at < form.size();) {
      const bool starts = form[at] == '_' && (at == 0 || !in_word(form[at - 1]));
      std::size_t end = at + 1;
      while (end < form.size() && in_word(form[end])) ++end;
      const std::string word = form.substr(at, end - at);
      const auto place = std::find_if(core.arguments.begin(), core.arguments.end(),
                                      [&word](Expr v) { return python_name(v->name()) == word; });
      if (starts && place != core.arguments.end()) {
        out += "(" + write(n.operands[static_cast<std::size_t>(place - core.arguments.begin())]) + ")";
        at = end;
      } else {
        out += form[at++];
      }
    }
    return "(" + out + ")";
  }
  static bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

  const NameOf& name_;
  const ReadOptions& options_;
  const syntax::FormLookup& forms_;
  TensorCode& code_;
};

}  // namespace

TensorCode numpy_tensor(Expr expr, const NameOf& name, const ReadOptions& options,
                        const syntax::FormLookup& forms) {
  TensorCode code;
  code.text = Tensors(name, options, forms, code).write(expr);
  if (code.text.starts_with('(') && code.text.ends_with(')')) {  // one pair around all
    int depth = 0;
    std::size_t closed = 0;
    for (std::size_t k = 0; k < code.text.size() && closed == 0; ++k) {
      depth += code.text[k] == '(' ? 1 : code.text[k] == ')' ? -1 : 0;
      if (depth == 0) closed = k;
    }
    if (closed + 1 == code.text.size()) code.text = code.text.substr(1, code.text.size() - 2);
  }
  return code;
}

}  // namespace adjoint::print

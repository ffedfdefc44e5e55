#include "print/tensor.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <vector>

#include "ops/abstract.hpp"
#include "ops/record.hpp"
#include "ops/surface.hpp"
#include "print/numpy.hpp"

namespace adjoint::print {
namespace {

std::string letter(std::size_t k) {
  static constexpr std::string_view kLetters = "ijklmnabcdefgh";
  return k < kLetters.size() ? std::string(1, kLetters[k]) : "i" + std::to_string(k);
}

std::string number(const Rational& r) { return r.text(); }

std::string entry(Expr e, const std::vector<std::string>& at, std::size_t& next, const NameOf& name);

std::string function_name(const Node& n) {
  return abstract_use(n) ? abstract_name(n) : std::string(n.op->name);
}

std::string bracketed(const std::string& name, const std::vector<std::string>& at) {
  std::string out;
  for (const auto& i : at) out += (out.empty() ? "[" : ",") + i;
  return out.empty() ? name : name + out + "]";
}

std::string product_entry(const Node& n, const std::vector<std::string>& at, std::size_t& next,
                          const NameOf& name) {
  std::map<Label, std::string> letters;
  std::string out;
  std::string conditions;
  for (std::size_t k = 0; k < n.output.size(); ++k) {
    const auto [where, fresh] = letters.emplace(n.output[k], at[k]);
    if (!fresh)
      conditions += (conditions.empty() ? "" : "*") + ("delta[" + where->second + "," + at[k] + "]");
  }
  std::string summed;
  for (const auto& f : n.factors) {
    std::vector<std::string> own;
    for (const auto l : f.labels) {
      if (!letters.contains(l)) {
        letters[l] = letter(next++);
        summed += letters[l] + ",";
      }
      own.push_back(letters[l]);
    }
    const std::string text = entry(f.expr, own, next, name);
    out += (out.empty() ? "" : "*") + (f.expr->kind == Kind::Sum ? "(" + text + ")" : text);
  }
  if (!conditions.empty()) out += (out.empty() ? "" : "*") + conditions;
  if (!n.coefficient.is_one() || out.empty()) {
    out = n.coefficient == Rational(-1) && !out.empty()
              ? "-" + out
              : number(n.coefficient) + (out.empty() ? "" : "*" + out);
  }
  if (summed.empty()) return out;
  std::string list;
  for (const char c : summed) list += c;
  list.pop_back();
  return "sum(" + list + ": " + out + ")";
}

std::string entry(Expr e, const std::vector<std::string>& at, std::size_t& next, const NameOf& name) {
  const Node& n = *e;
  switch (n.kind) {
    case Kind::Variable:
      return bracketed(name(e), at);
    case Kind::Extent:
      return n.extent.text();
    case Kind::Product:
      return product_entry(n, at, next, name);
    case Kind::Sum: {
      std::string out;
      for (const auto& t : n.terms) {
        const bool minus = t.coefficient.is_negative();
        if (!out.empty()) out += minus ? " - " : " + ";
        if (out.empty() && minus) out = "-";
        const Rational size = t.coefficient.absolute();
        out += (size.is_one() ? "" : number(size) + "*") + entry(t.expr, at, next, name);
      }
      return out;
    }
    case Kind::Power: {
      const std::string base = entry(n.operands[0], at, next, name);
      const bool atom = n.operands[0]->kind == Kind::Variable || n.operands[0]->kind == Kind::Apply;
      return (atom ? base : "(" + base + ")") + "^(" + entry(n.operands[1], {}, next, name) + ")";
    }
    case Kind::Apply: {
      std::string arguments;
      bool entrywise = true;
      for (const auto& o : n.operands) entrywise = entrywise && (o.shape() == n.shape || o.rank() == 0);
      for (const auto& o : n.operands) {
        std::vector<std::string> own;
        if (entrywise) {
          if (o.rank() > 0) own = at;
        } else {
          for (int k = 0; k < o.rank(); ++k) own.emplace_back(":");
        }
        arguments += (arguments.empty() ? "" : ", ") + entry(o, own, next, name);
      }
      const std::string call = function_name(n) + "(" + arguments + ")";
      return entrywise ? call : bracketed(call, at);
    }
  }
  return "?";
}

class Tensors {
 public:
  Tensors(const NameOf& name, TensorCode& code) : name_(name), code_(code) {}

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
          out += (out.empty() ? "" : " + ") + std::string("(") + number(t.coefficient) + ")*" + write(t.expr);
        }
        return "(" + out + ")";
      }
      case Kind::Power:
        return "(" + write(n.operands[0]) + ")**(" + write(n.operands[1]) + ")";
      case Kind::Apply:
        return call(n);
    }
    throw std::invalid_argument("an array of higher order that NumPy code cannot say");
  }

 private:
  std::string size(const Size& s) {
    for (const auto& name : s.names()) code_.sizes.insert(name);
    std::string text = s.text();
    for (std::size_t at = text.find('^'); at != std::string::npos; at = text.find('^', at + 2))
      text.replace(at, 1, "**");
    return "(" + text + ")";
  }

  std::string product(const Node& n) {
    std::string in;
    std::string arguments;
    const auto operand = [&](const std::string& labels, const std::string& text) {
      in += (in.empty() ? "" : ",") + labels;
      arguments += ", " + text;
    };
    const auto letter_of = [](Label l) { return std::string(1, static_cast<char>('a' + l)); };
    std::set<Label> seen;
    for (const auto& f : n.factors) {
      std::string labels;
      for (const auto l : f.labels) {
        labels += letter_of(l);
        seen.insert(l);
      }
      operand(labels, write(f.expr));
    }
    std::string out;
    std::set<Label> written;
    char extra = 'A';
    for (const auto l : n.output) {
      const std::string length = size(n.label_sizes[static_cast<std::size_t>(l)]);
      if (!seen.contains(l)) {
        operand(letter_of(l), "np.ones(" + length + ")");
        seen.insert(l);
      }
      if (written.insert(l).second) {
        out += letter_of(l);
      } else {  // a diagonal
        operand(letter_of(l) + extra, "np.eye(" + length + ")");
        out += extra++;
      }
    }
    const std::string number = n.coefficient.is_one() ? "" : "(" + n.coefficient.text() + ")*";
    if (in.empty()) return number.empty() ? "1.0" : "(" + n.coefficient.text() + ")";
    return number + "np.einsum('" + in + "->" + out + "'" + arguments + ", optimize=True)";
  }

  std::string call(const Node& n) {
    if (is_view(record_of(n).lowering, "reshape")) {
      std::string shape;
      for (const auto& s : n.shape) shape += size(s) + ", ";
      return "np.reshape(" + write(n.operands[0]) + ", (" + shape + "), order='F')";
    }
    std::string arguments;
    for (const auto& o : n.operands) {
      if (!(o.shape() == n.shape) && o.rank() != 0)
        throw std::invalid_argument(std::string(n.op->name) +
                                    " of an array of higher order has no NumPy code");
      arguments += (arguments.empty() ? "" : ", ") + write(o);
    }
    if (abstract_use(n)) return python_name(abstract_name(n)) + "(" + arguments + ")";
    // The form of the function of numbers.
    const Surface* surface = find_surface(n.op->name);
    std::string form = surface == nullptr ? "" : std::string(surface->forms.numpy);
    if (record_of(n).lowering.value.by != Lowering::By::Scalar || form.empty())
      throw std::invalid_argument(std::string(n.op->name) + " of an array of higher order has no NumPy code");
    if (!surface->forms.numpy_support.empty())
      code_.functions.emplace_back(n.op->name, static_cast<int>(n.operands.size()));
    for (std::size_t k = 0; k < n.operands.size(); ++k) {
      const std::string place = "$" + std::to_string(k + 1);
      const std::string argument = "(" + write(n.operands[k]) + ")";
      for (auto at = form.find(place); at != std::string::npos; at = form.find(place, at + argument.size()))
        form.replace(at, place.size(), argument);
    }
    return form;
  }

  const NameOf& name_;
  TensorCode& code_;
};

}  // namespace

std::string index_list(int rank) {
  std::vector<std::string> at;
  for (int k = 0; k < rank; ++k) at.push_back(letter(static_cast<std::size_t>(k)));
  return bracketed("", at);
}

std::string index_text(Expr expr, const NameOf& name) {
  std::vector<std::string> at;
  std::size_t next = 0;
  for (; next < expr.shape().size(); ++next) at.push_back(letter(next));
  return entry(expr, at, next, name);
}

TensorCode numpy_tensor(Expr expr, const NameOf& name) {
  TensorCode code;
  code.text = Tensors(name, code).write(expr);
  return code;
}

}  // namespace adjoint::print

#include "print/tensor.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "ops/abstract.hpp"
#include "ops/record.hpp"

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

}  // namespace adjoint::print

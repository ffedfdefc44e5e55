#include "notation/settle.hpp"

#include <algorithm>
#include <array>

namespace adjoint::notation {

using syntax::Kind;

bool is_greek(const std::string& name) {
  static constexpr std::array<std::string_view, 26> kGreek = {
      "alpha", "beta",    "gamma",  "delta", "epsilon", "eps",   "zeta",       "eta",   "theta",
      "iota",  "kappa",   "lambda", "mu",    "nu",      "xi",    "omicron",    "rho",   "sigma",
      "tau",   "upsilon", "phi",    "chi",   "psi",     "omega", "varepsilon", "varphi"};
  std::string stem = name;
  while (!stem.empty() && ((stem.back() >= '0' && stem.back() <= '9') || stem.back() == '_')) stem.pop_back();
  return std::find(kGreek.begin(), kGreek.end(), stem) != kGreek.end();
}

std::optional<DerivativeName> derivative_name(const std::string& name, const Symbols& symbols) {
  const std::size_t bar = name.rfind('_');
  if (bar == std::string::npos || bar == 0) return std::nullopt;
  const std::string base = name.substr(0, bar);
  const std::string suffix = name.substr(bar + 1);
  const Symbol* s = symbols.find(base);
  if (s == nullptr || s->kind != Symbol::Kind::Function) return std::nullopt;
  const bool entrywise = s->is_entrywise_function();
  const bool vector = !s->to.is_scalar();
  if (entrywise && suffix == "prime") return DerivativeName{base, 1};
  if (entrywise && suffix == "second") return DerivativeName{base, 2};
  if (!entrywise && !vector && suffix == "grad") return DerivativeName{base, 1};
  if (!entrywise && !vector && suffix == "hess") return DerivativeName{base, 2};
  if (vector && suffix == "jac") return DerivativeName{base, 1};
  if (suffix.size() == 2 && suffix[0] == 'd' && suffix[1] >= (vector ? '2' : '3') && suffix[1] <= '9') {
    return DerivativeName{base, suffix[1] - '0'};
  }
  return std::nullopt;
}

namespace {

bool is_capital(const Ast& ast) {
  return ast->kind == Kind::Name && ast->text[0] >= 'A' && ast->text[0] <= 'Z';
}

class Walk {
 public:
  Walk(const Symbols& symbols, const FunctionTable& table) : symbols_(symbols), table_(table) {}

  void walk(const Ast& ast, Use want) {
    switch (ast->kind) {
      case Kind::Number:
      case Kind::Colon:
        return;
      case Kind::Name:
        return name(ast->text, want);
      case Kind::Negate:
        return walk(ast->args[0], want);
      case Kind::Transpose:
        return walk(ast->args[0], want == Use::Matrix ? want : Use::None);
      case Kind::Binary:
        return binary(*ast, want);
      case Kind::Call:
        return call(*ast);
      case Kind::Index:
        return index(*ast);
      case Kind::IndexSum: {
        walk(ast->args[0], Use::Size);
        walk(ast->args[1], Use::Size);
        const auto inserted = bound_.insert(ast->text);
        walk(ast->args[2], Use::None);
        if (inserted.second) bound_.erase(ast->text);
        return;
      }
      case Kind::Let: {
        const auto before = bound_;
        for (std::size_t k = 0; k < ast->names.size(); ++k) {
          walk(ast->args[k + 1], Use::None);
          bound_.insert(ast->names[k]);
        }
        walk(ast->args[0], want);
        bound_ = before;
        return;
      }
      default:
        for (const auto& a : ast->args) walk(a, Use::None);
    }
  }

  const std::map<std::string, Use>& uses_of_parameters(const Definition& d) {
    const auto [at, fresh] = cache_->emplace(&d, std::map<std::string, Use>());
    if (fresh) {
      Walk body(symbols_, table_);
      body.cache_ = cache_;
      for (const auto& p : d.parameters) body.parameters_.insert(p.name);
      body.walk(d.body, Use::None);
      (*cache_)[&d] = std::move(body.uses);
    }
    return (*cache_)[&d];
  }

  std::map<std::string, Use> uses;
  std::set<std::string> bound_;

 private:
  void name(const std::string& text, Use want) {
    if (parameters_.count(text) != 0) {
      Use& use = uses[text];
      use = std::max(use, want);
      return;
    }
    if (bound_.count(text) != 0 || text == "end") return;
    if (symbols_.definition(text) != nullptr) return;
    if (symbols_.find(text) != nullptr || symbols_.is_size(text) || is_constant_name(text)) return;
    Use& use = uses[text];
    use = std::max(use, want);
  }

  void binary(const syntax::Node& node, Use want) {
    const std::string& op = node.text;
    const Ast& a = node.args[0];
    const Ast& b = node.args[1];
    const Use scalar = want == Use::Scalar || want == Use::Size ? want : Use::None;
    if (op == "+" || op == "-") {
      walk(a, scalar);
      walk(b, scalar);
    } else if (op == "*") {
      const bool transposes = a->kind == Kind::Transpose || b->kind == Kind::Transpose;
      walk(a, transposes ? Use::None : scalar);
      walk(b, transposes ? Use::None : scalar);
    } else if (op == "/") {
      // A/B of two capitals is a division of matrices, which is refused rather than read as something else.
      walk(a, scalar);
      walk(b, is_capital(b) ? Use::None : Use::Scalar);
    } else if (op == "^" || op == ".^") {
      walk(a, op == "^" && a->kind == Kind::Name && !is_capital(a) ? Use::Scalar : scalar);
      walk(b, Use::Scalar);
    } else if (op == "\\") {
      walk(a, Use::Matrix);
      walk(b, Use::None);
    } else {
      walk(a, scalar);
      walk(b, scalar);
    }
  }

  void call(const syntax::Node& node) {
    const Definition* d = symbols_.definition(node.text);
    if (d != nullptr) {  // arguments are what the body makes of the parameters
      const auto& inner = uses_of_parameters(*d);
      for (std::size_t k = 0; k < node.args.size(); ++k) {
        const auto at = k < d->parameters.size() ? inner.find(d->parameters[k].name) : inner.end();
        walk(node.args[k], at == inner.end() || at->second == Use::Size ? Use::None : at->second);
      }
      return;
    }
    const auto derivative = derivative_name(node.text, symbols_);
    const Symbol* s = symbols_.find(derivative ? derivative->base : node.text);
    if (s != nullptr && s->kind == Symbol::Kind::Function) {
      for (const auto& a : node.args) walk(a, s->is_entrywise_function() ? Use::None : Use::Vector);
      return;
    }
    const Surface* surface = table_.find(node.text);
    for (std::size_t k = 0; k < node.args.size(); ++k) {
      walk(node.args[k], surface == nullptr ? Use::None : expected(*surface, node.args.size(), k));
    }
  }

  // What all overloads with so many arguments agree on.
  static Use expected(const Surface& surface, std::size_t arity, std::size_t k) {
    std::optional<Use> common;
    for (const auto& overload : surface.overloads) {
      const Signature s = parse_signature(overload.signature);
      if (s.arguments.size() != arity) continue;
      const Pattern& p = s.arguments[k];
      const bool is_size = p.kind == Pattern::Kind::Size || p.kind == Pattern::Kind::Index;
      const bool square = p.matrix() && p.text == "(n,n)";
      const Use use = is_size ? Use::Size : p.only_scalar() ? Use::Scalar : square ? Use::Matrix : Use::None;
      if (common && *common != use) return Use::None;
      common = use;
    }
    return common.value_or(Use::None);
  }

  void index(const syntax::Node& node) {
    walk(node.args[0], node.args.size() == 2 ? Use::Vector : Use::Matrix);
    for (std::size_t k = 1; k < node.args.size(); ++k) {
      const Ast& s = node.args[k];
      if (s->kind == Kind::Range) {
        walk(s->args[0], Use::Size);
        walk(s->args[1], Use::Size);
      } else {
        walk(s, Use::Size);
      }
    }
  }

  const Symbols& symbols_;
  const FunctionTable& table_;
  std::set<std::string> parameters_;  // of the definition whose body is walked
  std::shared_ptr<std::map<const Definition*, std::map<std::string, Use>>> cache_ =
      std::make_shared<std::map<const Definition*, std::map<std::string, Use>>>();
};

}  // namespace

std::map<std::string, Use> uses_of_undeclared(const Ast& ast,
                                              const std::vector<const Definition*>& definitions,
                                              const Symbols& symbols, const FunctionTable& table) {
  Walk walk(symbols, table);
  for (const Definition* d : definitions) {  // earlier ones first, so that none waits for many others
    walk.uses_of_parameters(*d);
    walk.bound_.clear();
    for (const auto& p : d->parameters) walk.bound_.insert(p.name);
    walk.walk(d->body, Use::None);
  }
  walk.bound_.clear();
  walk.walk(ast, Use::None);
  return std::move(walk.uses);
}

Needs needs_of(const Ast& ast, const Symbols& symbols) {
  Needs needs;
  std::set<const Definition*> used;
  std::vector<Ast> stack{ast};
  while (!stack.empty()) {
    const Ast node = std::move(stack.back());
    stack.pop_back();
    for (const auto& a : node->args) stack.push_back(a);
    for (const auto& n : node->names) needs.names.insert(n);
    if (node->kind == Kind::IndexSum) needs.names.insert(node->text);
    if (node->kind != Kind::Name && node->kind != Kind::Call) continue;
    needs.names.insert(node->text);
    if (const Definition* d = symbols.definition(node->text); d != nullptr && used.insert(d).second) {
      for (const auto& p : d->parameters) needs.names.insert(p.name);
      stack.push_back(d->body);
    }
  }
  for (const auto& d : symbols.definitions()) {
    if (used.count(&d) != 0) needs.definitions.push_back(&d);
  }
  return needs;
}

}  // namespace adjoint::notation

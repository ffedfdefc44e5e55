// Derivations for printers of mathematics.
#include <algorithm>
#include <array>

#include "derivation/derivation.hpp"
#include "syntax/build.hpp"

namespace adjoint::derivation {

using syntax::Ast;
using syntax::Forms;

namespace {

struct Form {
  std::string_view name;
  int arity;
  Forms forms;
};

constexpr Forms mathematics(std::string_view latex) {
  Forms forms{};
  forms.latex = latex;
  return forms;
}

constexpr auto kForms = std::to_array<Form>({
    {"d", 1, mathematics("\\operatorname{d}($1)")},
    {"differential", 1, mathematics("\\mathrm{d}$1")},
    {"total", 2, mathematics("\\frac{\\mathrm{d}$1}{\\mathrm{d}$2}")},
    {"partial", 2, mathematics("\\frac{\\partial $1}{\\partial $2}")},
    {"grad", 1, mathematics("\\nabla $1")},
    {"jacobian", 1, mathematics("J_{$1}")},
    {"derivative_map", 3, mathematics("\\mathrm{D}$1($2)[$3]")},
    {"adjoint_map", 3, mathematics("\\mathrm{D}$1($2)^{\\ast}[$3]")},
});

class Typesetter {
 public:
  explicit Typesetter(const Derivation& derivation) : d_(derivation) {}

  Ast operator()(const Ast& tree) const {
    using syntax::Kind;
    if (tree->kind == Kind::Binary && tree->text == "/" && tree->args[0]->kind == Kind::Name &&
        tree->args[1]->kind == Kind::Name) {
      const auto* above = base_of(tree->args[0]->text);
      const auto* below = base_of(tree->args[1]->text);
      if (above != nullptr && below != nullptr) {
        return keep(tree, syntax::call("total", {syntax::name(*above), syntax::name(*below)}));
      }
    }
    if (tree->kind == Kind::Name) {
      const auto* of = base_of(tree->text);
      return of == nullptr ? tree : keep(tree, syntax::call("differential", {syntax::name(*of)}));
    }
    if (tree->kind == Kind::Index && tree->args.size() == 2) {
      if (const Ast map = map_of(tree)) return map;
    }
    auto node = std::make_shared<syntax::Node>(*tree);
    bool changed = false;
    for (Ast& a : node->args) {
      const Ast set = (*this)(a);
      changed = changed || set != a;
      a = set;
    }
    return changed ? node : tree;
  }

 private:
  static Ast keep(const Ast& tree, const Ast& replacement) {
    return tree->typed ? syntax::with_type(replacement, tree->type) : replacement;
  }

  [[nodiscard]] const std::string* base_of(const std::string& name) const {
    const auto at = std::find_if(d_.differentials.begin(), d_.differentials.end(),
                                 [&name](const auto& known) { return known.first == name; });
    return at == d_.differentials.end() ? nullptr : &at->second;
  }

  // Df(X)[H] and adjoint(Df(X))[U]
  [[nodiscard]] Ast map_of(const Ast& tree) const {
    Ast head = tree->args[0];
    if (head->kind != syntax::Kind::Call || head->args.size() != 1) return nullptr;
    const bool dual = head->text == "adjoint" && head->args[0]->kind == syntax::Kind::Call;
    if (dual) head = head->args[0];
    if (head->args.size() != 1 || head->text.size() < 2 || head->text[0] != 'D') return nullptr;
    const std::string function = head->text.substr(1);
    if (!d_.differentials.empty() && function != d_.differentials[0].second) return nullptr;
    return keep(tree, syntax::call(dual ? "adjoint_map" : "derivative_map",
                                   {syntax::name(function), head->args[0], tree->args[1]}));
  }

  const Derivation& d_;
};

}  // namespace

Ast typeset(const Derivation& derivation, const Ast& side) { return Typesetter(derivation)(side); }

const Forms* forms(std::string_view name, int arity) {
  const auto at = std::find_if(kForms.begin(), kForms.end(),
                               [&](const Form& f) { return f.name == name && f.arity == arity; });
  return at == kForms.end() ? nullptr : &at->forms;
}

}  // namespace adjoint::derivation

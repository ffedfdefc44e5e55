#include "print/symbols.hpp"

#include <algorithm>
#include <array>

namespace adjoint::print {

namespace {

using enum Symbol::Class;

constexpr auto kSymbols = std::to_array<Symbol>({
    {Letter, "alpha", "α"},
    {Letter, "beta", "β"},
    {Letter, "gamma", "γ"},
    {Letter, "delta", "δ"},
    {Letter, "epsilon", "ϵ"},
    {Letter, "varepsilon", "ε"},
    {Letter, "zeta", "ζ"},
    {Letter, "eta", "η"},
    {Letter, "theta", "θ"},
    {Letter, "iota", "ι"},
    {Letter, "kappa", "κ"},
    {Letter, "lambda", "λ"},
    {Letter, "mu", "μ"},
    {Letter, "nu", "ν"},
    {Letter, "xi", "ξ"},
    {Letter, "pi", "π"},
    {Letter, "rho", "ρ"},
    {Letter, "sigma", "σ"},
    {Letter, "tau", "τ"},
    {Letter, "upsilon", "υ"},
    {Letter, "phi", "ϕ"},
    {Letter, "varphi", "φ"},
    {Letter, "chi", "χ"},
    {Letter, "psi", "ψ"},
    {Letter, "omega", "ω"},
    {Letter, "Gamma", "Γ"},
    {Letter, "Delta", "Δ"},
    {Letter, "Theta", "Θ"},
    {Letter, "Lambda", "Λ"},
    {Letter, "Xi", "Ξ"},
    {Letter, "Pi", "Π"},
    {Letter, "Sigma", "Σ"},
    {Letter, "Upsilon", "Υ"},
    {Letter, "Phi", "Φ"},
    {Letter, "Psi", "Ψ"},
    {Letter, "Omega", "Ω"},
    {Letter, "ell", "ℓ"},
    {Letter, "infty", "∞"},
    {Letter, "top", "⊤"},
    {Letter, "nabla", "∇"},
    {Letter, "partial", "∂"},
    {Letter, "prime", "′"},
    {Letter, "circ", "∘"},
    {Letter, "dagger", "†"},
    {Letter, "star", "⋆"},
    {Letter, "ast", "∗"},
    {Letter, "ldots", "…"},
    {Letter, "cdots", "⋯"},
    {Product, "cdot", "·"},
    {Product, "times", "×"},
    {Product, "otimes", "⊗"},
    {Product, "odot", "⊙"},
    {Product, "oslash", "⊘"},
    {Operator, "oplus", "⊕"},
    {Operator, "pm", "±"},
    {Relation, "le", "≤"},
    {Relation, "leq", "≤"},
    {Relation, "ge", "≥"},
    {Relation, "geq", "≥"},
    {Relation, "ne", "≠"},
    {Relation, "mapsto", "↦"},
    {Relation, "in", "∈"},
    {Open, "lvert", "|"},
    {Close, "rvert", "|"},
    {Open, "lVert", "‖"},
    {Close, "rVert", "‖"},
    {Open, "lfloor", "⌊"},
    {Close, "rfloor", "⌋"},
    {Open, "langle", "⟨"},
    {Close, "rangle", "⟩"},
    {Function, "log", "log"},
    {Function, "ln", "ln"},
    {Function, "exp", "exp"},
    {Function, "sin", "sin"},
    {Function, "cos", "cos"},
    {Function, "tan", "tan"},
    {Function, "arcsin", "arcsin"},
    {Function, "arccos", "arccos"},
    {Function, "arctan", "arctan"},
    {Function, "sinh", "sinh"},
    {Function, "cosh", "cosh"},
    {Function, "tanh", "tanh"},
    {Function, "det", "det"},
    {Function, "max", "max"},
    {Function, "min", "min"},
    {Function, "sup", "sup"},
    {Function, "inf", "inf"},
    {Function, "dim", "dim"},
    {Function, "ker", "ker"},
    {Function, "lim", "lim"},
});

}  // namespace

const Symbol* find_symbol(std::string_view command) {
  const auto* hit =
      std::find_if(kSymbols.begin(), kSymbols.end(), [&](const Symbol& s) { return s.name == command; });
  return hit == kSymbols.end() ? nullptr : hit;
}

const Symbol* find_letter(std::string_view name) {
  if (name == "inf") return find_symbol("infty");
  if (name == "eps" || name == "epsilon") return find_symbol("varepsilon");
  if (name == "phi") return find_symbol("varphi");
  constexpr auto kSigns = std::to_array<std::string_view>(
      {"top", "nabla", "partial", "prime", "circ", "dagger", "star", "ast", "ldots", "cdots", "infty"});
  if (std::find(kSigns.begin(), kSigns.end(), name) != kSigns.end()) return nullptr;
  const Symbol* symbol = find_symbol(name);
  return symbol != nullptr && symbol->kind == Letter ? symbol : nullptr;
}

}  // namespace adjoint::print

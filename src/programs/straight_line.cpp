#include "programs/straight_line.hpp"

#include <algorithm>

#include "kernel/schedule.hpp"
#include "lower/contraction_order.hpp"
#include "lower/lower.hpp"
#include "ops/matrix.hpp"
#include "ops/record.hpp"
#include "simplify/rules_stable.hpp"

namespace adjoint {

std::string shown_name(Expr name) { return name->name().substr(0, name->name().find('#')); }

std::string versioned_like(std::string_view base, Expr name) {
  const auto at = name->name().find('#');
  return std::string(base) + (at == std::string::npos ? "" : name->name().substr(at));
}

bool Names::numbered(std::string_view prefix) const {
  return std::any_of(taken_.begin(), taken_.end(), [&prefix](const std::string& name) {
    return name.size() > prefix.size() && name.starts_with(prefix) &&
           std::isdigit(static_cast<unsigned char>(name[prefix.size()])) != 0;
  });
}

std::string Names::fresh(std::string_view wanted) {
  std::string name(wanted);
  for (int k = 2; !taken_.insert(name).second; ++k) name = std::string(wanted) + "_" + std::to_string(k);
  return name;
}

namespace {

// What is known of a value is known of its name.
Facts facts_of(Expr e) {
  Facts f = e->facts;
  if (e.rank() < 2) return f;
  const auto note = [](Truth& t, bool yes) {
    if (yes) t = Truth::Yes;
  };
  note(f.symmetric, is_symmetric(e));
  note(f.semidefinite, is_semidefinite(e));
  note(f.definite, is_definite(e));
  note(f.diagonal, is_diagonal(e));
  note(f.lower, is_lower(e));
  note(f.invertible, is_invertible(e));
  return f;
}

// No arithmetic: the entries are there already.
bool is_indexing(const Node& n) {
  if (n.kind != Kind::Apply) return false;
  const Lowering& by = record_of(n).lowering;
  return is_view(by, "window") || is_view(by, "reshape") || is_view(by, "basis");
}

// An outer product, or a reshaped one.
bool only_multiplies(const Node& n) {
  if (n.kind == Kind::Product) return n.factors.size() > 1 && n.label_sizes.size() <= n.output.size();
  return n.kind == Kind::Apply && is_view(record_of(n).lowering, "reshape") &&
         only_multiplies(*n.operands[0]);
}

bool has_unit_axis(const Shape& shape) {
  return std::any_of(shape.begin(), shape.end(), [](const Size& s) { return s.is_one(); });
}

Axes without_units(const Axes& axes) {
  Axes out;
  std::copy_if(axes.begin(), axes.end(), std::back_inserter(out),
               [](const Axis& a) { return !a.size.is_one(); });
  return out;
}

const Rational* negative_exponent(Expr e) {
  if (e->kind != Kind::Power) return nullptr;
  const Rational* r = as_number(e->operands[1]);
  return r != nullptr && r->is_negative() ? r : nullptr;
}

}  // namespace

Tracer::Tracer(Graph& graph, Names names) : graph_(graph), prefix_("v") {
  while (names.numbered(prefix_)) prefix_ += prefix_ == "v" ? "w" : "v";
  program_.names = std::move(names);
}

std::string Tracer::next_name() { return program_.names.fresh(prefix_ + std::to_string(++count_)); }

bool Tracer::constant(Expr e) {
  if (e->kind == Kind::Variable) return false;
  if (const auto at = constant_.find(e.get()); at != constant_.end()) return at->second;
  const bool yes =
      std::all_of(e->operands.begin(), e->operands.end(), [this](Expr o) { return constant(o); });
  return constant_[e.get()] = yes;
}

Expr Tracer::named(Expr value) {
  if (value->kind == Kind::Variable || constant(value)) return value;
  if (const auto at = names_.find(value.get()); at != names_.end()) return at->second;
  Expr safe = stable(spelled_out(value));
  if (!safe) safe = without_root(value);
  if (safe) {
    const Expr name = decomposed(safe);
    names_[value.get()] = name;
    return name;
  }
  if (has_unit_axis(value.shape())) {  // names have no axes of length one, as declared variables have none
    const Axes all = graph_.axes(value);
    const Axes some = without_units(all);
    const Expr v = named(graph_.product(1, {{value, all}}, some));
    return names_[value.get()] = graph_.product(1, {{v, some}}, all);
  }
  const Expr v = graph_.variable(next_name(), value.shape(), facts_of(value));
  program_.lines.push_back({v, value, {}, Sweep::Value});
  names_[value.get()] = v;
  values_[v.get()] = value;
  return v;
}

// A power of an application whose normal form knows better: the squares themselves for an even power of a
// length, which has no derivative at 0. Null where there is none.
Expr Tracer::without_root(Expr value) const {
  if (value->kind != Kind::Power) return {};
  const auto base = values_.find(value->operands[0].get());
  if (base == values_.end() || base->second->kind != Kind::Apply) return {};
  const Expr whole = graph_.power(base->second, value->operands[1]);
  return whole->kind == Kind::Power && whole->operands[0] == base->second ? Expr() : whole;
}

// An application with names of lines replaced by what they stand for, as deep as a stable form looks.
Expr Tracer::spelled_out(Expr value) const {
  if (value->kind != Kind::Apply) return value;
  for (int depth = 0; depth < 2; ++depth) {
    std::vector<std::pair<Expr, Expr>> replacements;
    for (const auto& v : topological(std::span(&value, 1))) {
      if (const auto at = values_.find(v.get()); at != values_.end())
        replacements.emplace_back(v, at->second);
    }
    if (replacements.empty()) break;
    value = substitute(value, replacements);
    if (stable(value)) break;
  }
  return value;
}

// Lines that a stable form has made idle.
void Tracer::drop_unused() {
  std::set<const Node*> needed;
  for (const auto& y : program_.outputs) needed.insert(y.get());
  std::vector<Line> kept;
  for (auto line = program_.lines.rbegin(); line != program_.lines.rend(); ++line) {
    if (!needed.contains(line->name.get())) continue;
    for (const auto& v : topological(std::span(&line->value, 1))) needed.insert(v.get());
    kept.push_back(*line);
  }
  program_.lines.assign(kept.rbegin(), kept.rend());
}

Expr Tracer::product(const Node& n) {
  std::vector<Factor> factors;
  std::vector<Size> sizes = n.label_sizes;
  int computed = 0;
  for (const auto& f : n.factors) {
    Factor g = f;
    if (negative_exponent(f.expr) != nullptr) {
      const Expr positive = graph_.power(f.expr->operands[0], graph_.number(-*negative_exponent(f.expr)));
      g.expr = graph_.power(decomposed(positive), graph_.number(-1));
    } else if (is_inverse(f.expr)) {  // a system that is solved
      const Expr of = decomposed(f.expr->operands[0]);
      g.expr = rebuild(f.expr, std::span(&of, 1));
    } else {
      g.expr = decomposed(f.expr);
    }
    computed += is_indexing(*g.expr) && g.expr->operands.empty() ? 0 : 1;
    factors.push_back(std::move(g));
  }
  const LabelSet output(n.output.begin(), n.output.end());
  LabelSet all;
  for (const auto& f : factors) all.insert(f.labels.begin(), f.labels.end());
  const Expr whole = graph_.product(n.coefficient, factors, n.output, sizes);
  const bool sums = std::any_of(all.begin(), all.end(), [&output](Label l) { return !output.contains(l); });
  if (computed == 1) {  // a transpose, an entry, a broadcast, a sign; or a sum over axes, a multiple
    const bool sign = n.coefficient.absolute().is_one();
    const bool free = sign && (!sums || factors.size() > 1) && negative_exponent(whole) == nullptr;
    return free ? whole : named(whole);
  }
  std::vector<LabelSet> items;
  for (const auto& f : factors) items.emplace_back(f.labels.begin(), f.labels.end());
  const std::vector<Merge> order = contraction_order(items, output, sizes);
  if (whole->kind != Kind::Product || order.size() < 2) return named(whole);
  std::vector<bool> used(items.size() + order.size(), false);
  for (std::size_t k = 0; k + 1 < order.size(); ++k) {
    const auto left = static_cast<std::size_t>(order[k].left);
    const auto right = static_cast<std::size_t>(order[k].right);
    used[left] = used[right] = true;
    LabelSet needed = output;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!used[i]) needed.insert(items[i].begin(), items[i].end());
    }
    const LabelSet keep = kept_labels(items[left], items[right], needed);
    Labels labels;
    for (const auto* side : {&factors[left].labels, &factors[right].labels}) {
      for (const auto l : *side) {
        if (keep.contains(l) && std::find(labels.begin(), labels.end(), l) == labels.end())
          labels.push_back(l);
      }
    }
    const Expr part = graph_.product(1, {factors[left], factors[right]}, labels, sizes);
    factors.push_back({named(part), labels});
    items.push_back(keep);
  }
  const auto left = static_cast<std::size_t>(order.back().left);
  const auto right = static_cast<std::size_t>(order.back().right);
  return named(graph_.product(n.coefficient, {factors[left], factors[right]}, n.output, sizes));
}

// The expression over names of its factors, itself without one.
Expr Tracer::unnamed(Expr e) {
  std::vector<Expr> operands;
  for (const auto& o : e->operands) operands.push_back(only_multiplies(*o) ? unnamed(o) : decomposed(o));
  return rebuild(e, operands);
}

Expr Tracer::decomposed(Expr e) {
  if (e->kind == Kind::Variable || constant(e)) return e;
  if (const auto at = decomposed_.find(e.get()); at != decomposed_.end()) return at->second;
  const Node& n = *e;
  Expr made;
  if (n.kind == Kind::Product) {
    made = product(n);
  } else if (const Rational* r = negative_exponent(e); r != nullptr) {
    const Expr positive = graph_.power(n.operands[0], graph_.number(-*r));
    made = named(graph_.power(decomposed(positive), graph_.number(-1)));
  } else if (n.kind == Kind::Apply && is_view(record_of(n).lowering, "reshape") &&
             only_multiplies(*n.operands[0])) {  // a Kronecker product is one operation
    const Expr inner = unnamed(n.operands[0]);
    made = named(rebuild(e, std::span(&inner, 1)));
  } else {
    std::vector<Expr> operands;
    for (const auto& o : n.operands) operands.push_back(decomposed(o));
    made = rebuild(e, operands);
    if (!is_indexing(*made)) made = named(made);
  }
  return decomposed_[e.get()] = made;
}

Expr Tracer::operator()(Expr value, const syntax::Type* type) {
  const Expr made = decomposed(value);
  if (type != nullptr && made->kind == Kind::Variable) program_.types.emplace(made->name(), *type);
  return made;
}

StraightLine Tracer::finish(std::vector<Expr> inputs, const std::vector<Expr>& outputs) {
  program_.inputs = std::move(inputs);
  for (const auto& e : outputs) {
    Expr out = decomposed(e);
    if (out->kind != Kind::Variable) {
      const Expr v = graph_.variable(next_name(), out.shape(), facts_of(out));
      program_.lines.push_back({v, out, {}, Sweep::Value});
      out = v;
    }
    program_.outputs.push_back(out);
    program_.results.push_back(
        {outputs.size() == 1 ? "value" : "value_" + std::to_string(program_.outputs.size()), {}});
  }
  drop_unused();
  return program_;
}

kernel::Program lower(const StraightLine& program, bool optimised) {
  Lowerer lowerer;
  for (const auto& v : program.inputs) lowerer.input(v);
  for (const auto& line : program.lines) {
    if (!optimised) lowerer.forget();
    lowerer.assign(line.name, line.value, shown_name(line.name));
  }
  lowerer.outputs(program.outputs);
  kernel::Program written = std::move(lowerer).finish();
  return optimised ? kernel::optimised(std::move(written)) : kernel::fuse_pointwise(std::move(written));
}

}  // namespace adjoint

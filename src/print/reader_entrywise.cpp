// Chains, entrywise products and quotients, and numbers and scalars in front of them.
#include <algorithm>

#include "print/reader_state.hpp"

namespace adjoint {

using syntax::Ast;

Chain reversed(const Chain& chain) {
  Chain result;
  for (auto l = chain.rbegin(); l != chain.rend(); ++l) result.push_back({l->backward, l->forward});
  return result;
}

Bundle reversed(Bundle bundle) {
  for (auto& item : bundle) item.chain = reversed(item.chain);
  return bundle;
}

namespace {

struct Step {
  std::int64_t cost = 0;
  std::size_t from = 0;
  int how = 0;  // 0: one link, 1: a power of equal links, 2: the transpose of the run read backwards
};

bool is_plain(const Exponent& e) { return !e.tree && e.number.is_one() && !e.negative; }

bool is_square_matrix(const Ast& a) { return a->type.is_matrix() && a->type.rows == a->type.columns; }

// Equal factors become powers; inv(X)*inv(X) becomes X^-2 where X is a name.
Ast repeated(Forge& forge, const Ast& a, std::int64_t count) {
  if (count > 1 && is_call(a, "inv") && forge.operations(a->args[0]) == 0) {
    return forge.matrix_power(a->args[0], -count);
  }
  return forge.matrix_power(a, count);
}

Ast plain_product(Forge& forge, const std::vector<Ast>& links, std::size_t from, std::size_t to) {
  Ast result;
  while (from < to) {
    std::size_t next = from + 1;
    while (next < to && is_square_matrix(links[from]) && links[next] == links[from]) ++next;
    const Ast factor = repeated(forge, links[from], static_cast<std::int64_t>(next - from));
    result = result ? forge.multiply(result, factor) : factor;
    from = next;
  }
  return result;
}

}  // namespace

// Least operations over the ways to write runs of the chain as one transpose. Inside a chain only
// runs that end in a vector are transposed as a whole: A'*B'*C stays, y'*B' becomes (B*y)'.
Ast Reader::chain_tree(const Chain& chain, bool forward) {
  const std::size_t n = chain.size();
  std::vector<Ast> ahead(n);
  std::vector<Ast> back(n);  // of link k, read against the direction of the chain
  for (std::size_t k = 0; k < n; ++k) {
    const Link& l = forward ? chain[k] : chain[n - 1 - k];
    ahead[k] = forward ? l.forward : l.backward;
    back[k] = forward ? l.backward : l.forward;
  }
  if (n == 1) return forge.least(ahead[0], forge.transpose(back[0]));
  std::vector<Step> best(n + 1);
  const auto run_backwards = [&](std::size_t from, std::size_t to) {
    std::vector<Ast> run(back.begin() + static_cast<std::ptrdiff_t>(from),
                         back.begin() + static_cast<std::ptrdiff_t>(to));
    std::reverse(run.begin(), run.end());
    return forge.transpose(plain_product(forge, run, 0, run.size()));
  };
  for (std::size_t to = 1; to <= n; ++to) {
    best[to] = {best[to - 1].cost + forge.cost(ahead[to - 1]) + Forge::kOperation, to - 1, 0};
    const auto offer = [&](std::int64_t cost, std::size_t from, int how) {
      if (best[from].cost + cost < best[to].cost) best[to] = {best[from].cost + cost, from, how};
    };
    for (std::size_t from = to - 1; from-- > 0;) {
      const bool equal =
          is_square_matrix(ahead[from]) && std::all_of(ahead.begin() + static_cast<std::ptrdiff_t>(from),
                                                       ahead.begin() + static_cast<std::ptrdiff_t>(to),
                                                       [&](const Ast& a) { return a == ahead[from]; });
      if (equal) offer(forge.cost(ahead[from]) + Forge::kOperation, from, 1);
      const bool ends =
          (from == 0 && to == n) || !ahead[from]->type.is_matrix() || !ahead[to - 1]->type.is_matrix();
      if (ends && to - from <= 12) offer(forge.cost(run_backwards(from, to)) + Forge::kOperation, from, 2);
    }
  }
  std::vector<Ast> parts;
  for (std::size_t to = n; to > 0; to = best[to].from) {
    const Step& s = best[to];
    if (s.how == 0) parts.push_back(ahead[s.from]);
    if (s.how == 1) parts.push_back(repeated(forge, ahead[s.from], static_cast<std::int64_t>(to - s.from)));
    if (s.how == 2) parts.push_back(run_backwards(s.from, to));
  }
  std::reverse(parts.begin(), parts.end());
  return plain_product(forge, parts, 0, parts.size());
}

Link Reader::chain_link(const Chain& chain) {
  const Ast forward = chain_tree(chain, true);
  const Ast backward = chain_tree(chain, false);
  return {forge.least(forward, forge.transpose(backward)), forge.least(backward, forge.transpose(forward))};
}

bool share_power(const Item& a, const Item& b) {
  const Exponent& e = a.exponent;
  const Exponent& f = b.exponent;
  if (e.tree) return e.tree == f.tree && a.nonnegative && b.nonnegative;
  if (f.tree || !(e.number == f.number) || e.number.is_one()) return false;
  return e.number.is_integer() || (a.nonnegative && b.nonnegative);  // sqrt(2*pi)
}

// Of e and -e, the one that does not lead with a number: x^(1-p) = 1/x^(p-1).
Exponent Reader::exponent_of(Expr e) {
  Exponent result;
  if (const Rational* number = as_number(e)) {
    result.negative = number->is_negative();
    result.number = number->absolute();
    return result;
  }
  const Signed s = read_term(1, e, {});
  result.negative = s.negative;
  result.tree = s.tree;
  if (e->kind == Kind::Sum) {
    const Ast opposite = read_opposite(e, {});
    Ast lead = s.tree;
    while (is_binary(lead, "-") || is_binary(lead, "+")) lead = lead->args[0];
    if (opposite && lead->kind == syntax::Kind::Number) {
      result.negative = !s.negative;
      result.tree = opposite;
    }
  }
  return result;
}

Ast Reader::raise(const Ast& base, const Exponent& exponent) {
  if (exponent.tree) return forge.power(base, exponent.tree);
  if (exponent.number.is_one()) return base;
  if (exponent.number == Rational(1, 2)) return forge.call("sqrt", {base}, base->type);
  return forge.power(base, forge.number(exponent.number));
}

Item Reader::item_of(Expr factor, const Roles& forward, const Roles& backward, const Turned& turned) {
  Item item;
  const bool direction = factor->kind == Kind::Variable && factor->role == Role::Direction;
  item.order = direction ? kLast : factor->id;
  Expr base = factor;
  if (factor->kind == Kind::Power) {
    base = factor->operands[0];
    item.exponent = exponent_of(factor->operands[1]);
    item.nonnegative = base->facts.signs.is_nonnegative();
  }
  Link link;
  if (std::find(turned.begin(), turned.end(), base.get()) != turned.end()) {
    link.forward = read_opposite(base, forward);
    link.backward = backward == forward ? link.forward : read_opposite(base, backward);
    if (!link.forward || !link.backward) return {};
  } else {
    const bool even = !item.exponent.tree && item.exponent.number.is_even();
    const auto oriented = [&](const Roles& roles) {
      return even ? read_even(base, roles) : read(base, roles);
    };
    link.forward = oriented(forward);
    link.backward = backward == forward ? link.forward : oriented(backward);
  }
  item.chain = {link};
  return item;
}

Quotient Reader::quotient(const Bundle& bundle, bool forward) {
  struct Part {
    Ast tree;
    const Item* item;
  };
  std::vector<Part> parts;
  for (const auto& item : bundle) parts.push_back({chain_tree(item.chain, forward), &item});
  // Scalars, then numbers, names and the rest in the order in which they came to be, directions last.
  std::stable_sort(parts.begin(), parts.end(), [this](const Part& a, const Part& b) {
    const auto key = [this](const Part& p) {
      const bool name = forge.operations(p.tree) == 0 && p.item->order != kLast;
      const bool number = p.tree->kind == syntax::Kind::Number;
      return std::tuple(!p.tree->type.is_scalar(), !number, !name, p.item->order);
    };
    return key(a) < key(b);
  });
  Quotient q;
  const auto join = [this](Ast& onto, const Ast& tree) { onto = onto ? forge.times(onto, tree) : tree; };
  std::vector<bool> done(parts.size(), false);
  for (std::size_t k = 0; k < parts.size(); ++k) {
    if (done[k]) continue;
    const Exponent& e = parts[k].item->exponent;
    Ast above;
    Ast below;
    for (std::size_t m = k; m < parts.size(); ++m) {
      if (done[m] || (m != k && !share_power(*parts[k].item, *parts[m].item))) continue;
      done[m] = true;
      join(parts[m].item->exponent.negative ? below : above, parts[m].tree);
    }
    const bool negative = !above;
    Ast base = negative ? below : above;
    if (!negative && below) base = forge.divide(base, below);
    join(negative ? q.denominator : q.numerator, raise(base, e));
  }
  return q;
}

Link Reader::bundle_link(const Bundle& bundle) {
  if (bundle.size() == 1 && is_plain(bundle[0].exponent)) return chain_link(bundle[0].chain);
  const auto tree = [&](bool forward) {
    const Quotient q = quotient(bundle, forward);
    const Ast numerator = q.numerator ? q.numerator : forge.number(1);
    return q.denominator ? forge.divide(numerator, q.denominator) : numerator;
  };
  const Ast forward = tree(true);
  const Ast backward = tree(false);
  return {forge.least(forward, forge.transpose(backward)), forge.least(backward, forge.transpose(forward))};
}

Chain Reader::bundle_chain(const Bundle& bundle) {
  if (bundle.size() == 1 && is_plain(bundle[0].exponent)) return bundle[0].chain;
  return {bundle_link(bundle)};
}

Ast Reader::assemble(const Rational& magnitude, Bundle scalars, const Bundle* array, bool forward) {
  if (array == nullptr) return assemble(magnitude, scalars, Quotient{});
  // (x/eps).^2 for x.^2/eps^2
  Bundle whole = *array;
  std::erase_if(scalars, [&](const Item& s) {
    const bool fits =
        std::any_of(array->begin(), array->end(), [&s](const Item& a) { return share_power(s, a); });
    if (fits) whole.push_back(s);
    return fits;
  });
  return assemble(magnitude, scalars, quotient(whole, forward));
}

Ast Reader::assemble(const Rational& magnitude, const Bundle& scalars, const Quotient& array) {
  Quotient s = quotient(scalars, true);
  const bool split = magnitude.exact() && !magnitude.decimal();
  const Rational above = split ? Rational(magnitude.numerator()) : magnitude;
  const Rational below = split ? Rational(magnitude.denominator()) : Rational(1);
  if (!above.is_one()) {
    const Ast number = forge.number(above);
    s.numerator = s.numerator ? forge.scale(number, s.numerator, array.numerator != nullptr) : number;
  }
  if (!below.is_one()) {
    const Ast number = forge.number(below);
    s.denominator = s.denominator ? forge.scale(number, s.denominator) : number;
  }
  Ast top = array.numerator;
  if (s.numerator) top = top ? forge.scale(s.numerator, top) : s.numerator;
  if (array.denominator) {
    const Ast bottom = s.denominator ? forge.scale(s.denominator, array.denominator) : array.denominator;
    return forge.divide(top ? top : forge.number(1), bottom);
  }
  if (!top) top = forge.number(1);
  return s.denominator ? forge.divide(top, s.denominator) : top;
}

}  // namespace adjoint

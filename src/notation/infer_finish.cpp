// After inference: unknown sizes get names, messages are put in terms of them, the tree is made final.
#include <algorithm>
#include <array>
#include <unordered_set>

#include "notation/inference.hpp"

namespace adjoint::notation {

using syntax::Kind;

namespace {

std::vector<Size> sizes_of(const Type& t) {
  std::vector<Size> out{t.rows, t.columns};
  out.insert(out.end(), t.higher.begin(), t.higher.end());
  return out;
}

bool has_unknown(const Size& s) {
  const auto names = s.names();
  return std::any_of(names.begin(), names.end(), Unifier::is_unknown);
}

}  // namespace

// A dimension that is not known otherwise is as long as its index runs: X[:,i] with i=1:n has n columns.
void Inference::settle_indices() {
  for (std::size_t k = 0; k < reaches_.size(); ++k) {
    const Size d = unifier_.resolve(reaches_[k].dimension);
    if (!has_unknown(d) || unifier_.resolve(reaches_[k].last).is_constant()) continue;
    Size furthest = unifier_.resolve(reaches_[k].last);
    for (const auto& other : reaches_) {
      const Size last = unifier_.resolve(other.last);
      const auto further = (last - furthest).constant();
      if (unifier_.resolve(other.dimension) == d && further && *further > 0) furthest = last;
    }
    unifier_.equal(d, furthest, reaches_[k].place);
  }
  for (const auto& r : std::exchange(reaches_, {})) {
    const Size d = unifier_.resolve(r.dimension);
    if (!has_unknown(d)) inside(r.last, d, r.place, r.what);
  }
}

std::string Inference::fresh_name(const std::set<std::string>& taken, bool rows_of_matrix) {
  const auto free = [&](const std::string& name) {
    return taken.count(name) == 0 && !symbols_.is_size(name) && symbols_.find(name) == nullptr &&
           symbols_.definition(name) == nullptr && free_index_.count(name) == 0;
  };
  if (rows_of_matrix && free("m") && free("n")) return "m";
  for (const auto* name : {"n", "m", "p", "q", "k", "l", "r", "s", "t", "u", "v", "w"}) {
    if (free(name)) return name;
  }
  for (int k = 1;; ++k) {
    const std::string name = "n" + std::to_string(k);
    if (free(name)) return name;
  }
}

void Inference::name_unknowns(const std::set<std::string>& taken_names) {
  std::set<std::string> taken = taken_names;
  for (const auto& [name, size] : size_names_) taken.insert(name);
  // Undeclared size names that stand for an unknown give it their name.
  for (const auto& [name, size] : size_names_) {
    const Size now = unifier_.resolve(size.first);
    if (now.names().size() == 1 && now == Size::name(now.names()[0]) && has_unknown(now)) {
      const bool of_symbol = std::any_of(free_.begin(), free_.end(), [&](const Symbol& s) {
        for (const auto& t : sizes_of(s.type)) {
          const auto names = unifier_.resolve(t).names();
          if (std::find(names.begin(), names.end(), now.names()[0]) != names.end()) return true;
        }
        return false;
      });
      if (of_symbol) unifier_.equal(now, Size::name(name), {});
    }
  }
  for (auto& s : free_) {
    for (const auto& size : sizes_of(s.type)) {
      for (const auto& name : unifier_.resolve(size).names()) {
        if (!Unifier::is_unknown(name)) continue;
        const Type t = unifier_.resolve(s.type);
        const bool two = has_unknown(t.rows) && has_unknown(t.columns) && !(t.rows == t.columns);
        const std::string fresh = fresh_name(taken, two);
        taken.insert(fresh);
        unifier_.equal(Size::name(name), Size::name(fresh), {});
      }
    }
  }
  unifier_.settle_minima();
}

// A size name that was typed must be a size of something: one that is found to be another is a slip.
void Inference::check_size_names() {
  for (const auto& [name, size] : size_names_) {
    const Size now = unifier_.resolve(size.first);
    if (now == Size::name(name)) continue;
    if (has_unknown(now)) {
      error(size.second, "unknown size `" + name + "`: no declaration and no variable has it");
    } else {
      error(size.second, "unknown size `" + name + "`; here it would have to be " + now.text());
    }
  }
}

void Inference::rewrite_errors() {
  auto& all = errors_.all();
  for (std::size_t k = first_error_; k < all.size(); ++k) {
    const auto rewrite = [&](std::string& message) {
      std::string out;
      for (std::size_t i = 0; i < message.size();) {
        std::size_t end = i + 1;
        while (message[i] == '?' && end < message.size() && message[end] >= '0' && message[end] <= '9') ++end;
        if (end == i + 1) {
          out += message[i++];
          continue;
        }
        const std::string name = message.substr(i, end - i);
        std::string known = unifier_.resolve(Size::name(name)).text();
        const auto& wish = unifier_.wish(name);
        if (known[0] == '?') known = wish.empty() ? "?" : wish;
        out += known;
        i = end;
      }
      message = std::move(out);
    };
    rewrite(all[k].message);
    for (auto& note : all[k].notes) rewrite(note.label);
  }
}

Typed Inference::result(const Result& root) {
  Typed out;
  std::unordered_set<const syntax::Node*> needed;
  std::vector<Ast> stack{root};
  while (!stack.empty()) {
    const Ast n = std::move(stack.back());
    stack.pop_back();
    if (!n->typed || !needed.insert(n.get()).second) continue;
    for (const auto& a : n->args) stack.push_back(a);
    const auto at = meanings_.find(n.get());
    if (at == meanings_.end()) continue;
    if (at->second.parameter) stack.push_back(at->second.parameter);
    if (at->second.body) stack.push_back(at->second.body);
  }
  std::vector<int> renumbered(free_.size(), -1);
  for (const auto& n : created_) {
    if (needed.count(n.get()) == 0) continue;
    n->type = unifier_.resolve(n->type);
    out.order.push_back(n);
    const auto at = meanings_.find(n.get());
    if (at == meanings_.end()) continue;
    Meaning m = at->second;
    m.size = unifier_.resolve(m.size);
    for (auto& s : m.sizes) s = unifier_.resolve(s);
    for (auto& s : m.subscripts) {
      s.start = unifier_.resolve(s.start);
      s.length = unifier_.resolve(s.length);
    }
    if (m.symbol >= 0) renumbered[static_cast<std::size_t>(m.symbol)] = 0;
    out.meanings.emplace(n.get(), std::move(m));
  }
  // Only what the root needs is free in it.
  for (std::size_t k = 0; k < free_.size(); ++k) {
    if (renumbered[k] < 0) continue;
    renumbered[k] = static_cast<int>(out.symbols.size());
    Symbol s = free_[k];
    s.type = unifier_.resolve(s.type);
    out.symbols.push_back(std::move(s));
  }
  for (auto& [n, m] : out.meanings) {
    if (m.symbol >= 0) m.symbol = renumbered[static_cast<std::size_t>(m.symbol)];
  }
  for (auto v : variables_) {
    v.first = unifier_.resolve(v.first);
    v.length = unifier_.resolve(v.length);
    out.variables.push_back(std::move(v));
  }
  out.root = root;
  return out;
}

}  // namespace adjoint::notation

#include "simplify/display.hpp"

#include <algorithm>

#include "simplify/fractions.hpp"
#include "simplify/joins.hpp"
#include "simplify/rules_exponentials.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {

std::vector<Expr> written_forms(Expr expr) {
  std::vector<Expr> forms;
  const auto add = [&forms](Expr e) {
    if (std::find(forms.begin(), forms.end(), e) == forms.end()) forms.push_back(e);
  };
  const Expr open = expanded(expr);
  std::vector<Expr> starts;
  for (const Expr e : {open, expr, with_logarithms_apart(open), with_open_differences(open)}) {
    if (std::find(starts.begin(), starts.end(), e) != starts.end()) continue;
    starts.push_back(e);
    add(displayed(e));
    const Expr once = displayed(factored(e));
    add(once);
    add(displayed(factored(once)));
    add(displayed(with_short_fractions(once)));
    const Expr fractions = displayed(with_short_fractions(e));
    add(fractions);
    add(displayed(factored(fractions)));
    for (const Expr whole : {e, once}) {
      if (const Expr table = tabulated_beside_scalars(whole)) add(displayed(table));
      if (const Expr table = tabulated(whole)) {
        add(displayed(table));
        add(displayed(factored(displayed(table))));
      }
    }
  }
  return forms;
}

}  // namespace adjoint

#include "print/code_forms.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ops/record.hpp"
#include "ops/support.hpp"

namespace adjoint::print {
namespace {

struct Row {
  std::string_view name;
  syntax::Forms forms;
};

constexpr std::string_view kAlong = "_along";  // behind the name of an operation along an axis

// Operations of the record's reading Expand.
const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"direction",
       {.latex = "",
        .numpy = "_direction($1)",
        .numpy_support = "def _direction(x):\n"
                         "    m = np.max(np.abs(x))\n"
                         "    y = x / (m if m != 0 else 1.0)\n"
                         "    return y / (np.sqrt(np.sum(y * y)) if m != 0 else 1.0)\n"}},
      {"norm_p_grad",
       {.latex = "",
        .numpy = "_norm_p_grad($1, $2)",
        .numpy_support = "def _norm_p_grad(x, p):\n"
                         "    a = np.abs(x)\n"
                         "    m = np.max(a)\n"
                         "    if m == 0:\n"
                         "        return np.zeros_like(a)\n"
                         "    if p == np.inf:\n"
                         "        return np.sign(x) * (a == m) / np.sum(a == m)\n"
                         "    n = np.sum((a / m) ** p) ** (1 / p)\n"
                         "    return np.sign(x) * (a / m / n) ** (p - 1)\n"}},
      {"prod_grad",
       {.latex = "",
        .numpy = "_prod_grad(np.ravel($1), 0).reshape($shape)",
        .numpy_support = "# needs: prod_grad_along\n"}},
      {"prod_grad_along",
       {.latex = "",
        .numpy = "_prod_grad($1, $axis)",
        .numpy_support = "def _prod_grad(x, axis):\n"
                         "    x = np.moveaxis(x, axis, 0)\n"
                         "    one = np.ones_like(x[:1])\n"
                         "    before = np.cumprod(np.concatenate((one, x[:-1])), axis=0)\n"
                         "    behind = np.cumprod(np.concatenate((one, x[:0:-1])), axis=0)[::-1]\n"
                         "    return np.moveaxis(before * behind, 0, axis)\n"}},
      {"prod_hess",
       {.latex = "",
        .numpy = "_prod_hess($1)",
        .numpy_support = "def _prod_hess(x):\n"
                         "    n = range(len(x))\n"
                         "    return np.array([[0.0 if i == j else np.prod(np.delete(x, [i, j])) for j in n] "
                         "for i in n])\n"}},
  };
  return all;
}

// The operation under a name that the reader calls.
const Record* called(const Node& n) {
  const Record& record = record_of(n);
  if (record.reading.value != Reading::Expand || code_forms(record.name) == nullptr) return nullptr;
  const bool along = !n.attributes.integers.empty() && n.attributes.integers[0] >= 0;
  static std::map<std::pair<const Record*, bool>, std::unique_ptr<Record>> made;
  std::unique_ptr<Record>& twin = made[{&record, along}];
  if (twin == nullptr) {
    twin = std::make_unique<Record>(record);
    if (along) twin->name = rows()[3].name;
    twin->reading.value = along ? Reading::Along : Reading::Call;
    twin->normal = kNoNormal;
    twin->power = kNoPower;
  }
  return twin.get();
}

}  // namespace

const syntax::Forms* code_forms(std::string_view name) {
  for (const Row& row : rows()) {
    if (row.name == name) return &row.forms;
  }
  return nullptr;
}

bool has_code_forms(Expr expr) {
  const auto order = topological(std::span(&expr, 1));
  return std::any_of(order.begin(), order.end(),
                     [](Expr e) { return e->kind == Kind::Apply && called(*e) != nullptr; });
}

Expr for_code(Expr expr) {
  const auto order = topological(std::span(&expr, 1));
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : order) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    const Record* call = e->kind == Kind::Apply ? called(*e) : nullptr;
    done.emplace(e.get(),
                 call != nullptr ? e.graph().apply(*call, operands, e->attributes) : rebuild(e, operands));
  }
  return done.at(expr.get());
}

}  // namespace adjoint::print

#include "lower/lower.hpp"

#include <algorithm>
#include <stdexcept>

#include "kernel/routine.hpp"
#include "kernel/schedule.hpp"
#include "lower/state.hpp"
#include "ops/abstract.hpp"
#include "ops/matrix.hpp"

namespace adjoint {

using kernel::Access;
using kernel::PointwiseBuilder;
using kernel::Register;
using kernel::ScalarOp;

Access access(const Stored& stored, const std::vector<std::int32_t>& loops) {
  Access a = kernel::along(stored.buffer, loops);
  a.view = stored.shape;
  return a;
}

std::vector<std::int32_t> straight(std::size_t rank) {
  std::vector<std::int32_t> loops;
  for (std::size_t k = 0; k < rank; ++k) loops.push_back(static_cast<std::int32_t>(k));
  return loops;
}

kernel::View view_of(const Stored& stored) { return {stored.buffer, stored.shape}; }

Stored Lowerer::State::fresh(const Shape& shape) { return {program.temporary(shape), shape}; }

void Lowerer::State::add(PointwiseBuilder&& builder) { program.add(std::move(builder).finish(), note); }

void Lowerer::State::lower(std::span<const Expr> roots) {
  uses.clear();
  for (const auto& e : roots) ++uses[e.get()];
  const std::vector<Expr> order = topological(roots);
  for (const auto& e : order) {
    for (const auto& o : e->operands) ++uses[o.get()];
  }
  for (const auto& e : order) {
    // What its users may take in another form is lowered when one of them asks for its entries.
    const bool leaf = e->operands.empty();
    const bool inverse = is_inverse(e) && uses[e.get()] == 1;
    const bool reciprocal = e->kind == Kind::Power && as_number(e->operands[1]) != nullptr &&
                            as_number(e->operands[1])->is_negative();
    if (!leaf && !inverse && !reciprocal) value(e);
  }
}

Stored Lowerer::State::value(Expr expr) {
  if (const auto at = stored.find(expr.get()); at != stored.end()) return at->second;
  const Stored made = compute(expr);
  stored.emplace(expr.get(), made);
  unnamed.push_back(expr.get());
  return made;
}

kernel::BufferId Lowerer::State::whole(const Stored& s) {
  if (program.shape(s.buffer) == s.shape) return s.buffer;
  const Stored copy = fresh(s.shape);
  PointwiseBuilder b(s.shape);
  b.store(access(copy, straight(s.shape.size())), b.load(access(s, straight(s.shape.size()))));
  add(std::move(b));
  return copy.buffer;
}

Stored Lowerer::State::compute(Expr expr) {
  const Node& n = *expr;
  switch (n.kind) {
    case Kind::Variable:
      throw std::logic_error("no value is given for " + n.name());
    case Kind::Extent: {
      const Stored out = fresh({});
      PointwiseBuilder b({});
      b.store(access(out, {}), b.size(n.extent));
      add(std::move(b));
      return out;
    }
    case Kind::Product:
      return product(n);
    case Kind::Sum:
      return sum(n);
    case Kind::Power:
      return power(n);
    case Kind::Apply:
      return apply(n);
  }
  throw std::logic_error("unknown node");
}

Stored Lowerer::State::sum(const Node& n) {
  const auto loops = straight(n.shape.size());
  PointwiseBuilder b(n.shape);
  Register total = -1;
  for (const auto& t : n.terms) {
    const Register v = b.load(access(value(t.expr), loops));
    const Rational size = t.coefficient.absolute();
    const Register term = size.is_one() ? v : b.binary(ScalarOp::Mul, b.constant(size), v);
    if (total < 0) {
      total = t.coefficient.is_negative() ? b.unary(ScalarOp::Neg, term) : term;
    } else {
      total = b.binary(t.coefficient.is_negative() ? ScalarOp::Sub : ScalarOp::Add, total, term);
    }
  }
  const Stored out = fresh(n.shape);
  b.store(access(out, loops), total);
  add(std::move(b));
  return out;
}

// Roots and reciprocals of one base share their parts: x^(-3/2) is 1/sqrt(x)^3.
Stored Lowerer::State::power(const Node& n) {
  Graph& g = *n.graph;
  const Expr base = n.operands[0];
  const Rational* e = as_number(n.operands[1]);
  const auto loops = straight(n.shape.size());
  PointwiseBuilder b(n.shape);
  const auto loaded = [&](Expr x) { return b.load(access(value(x), x.rank() == 0 ? straight(0) : loops)); };
  const auto root = [&] { return g.power(base, g.number(Rational(1, 2))); };
  Register v = -1;
  if (e == nullptr) {
    v = b.binary(ScalarOp::Pow, loaded(base), loaded(n.operands[1]));
  } else if (e->is_negative()) {
    const Expr positive = g.power(base, g.number(-*e));
    // The normal form of the positive power may be another function (abs(x)^2 = x^2).
    v = b.unary(ScalarOp::Reciprocal, loaded(positive));
  } else if (e->is_integer() && e->numerator() <= 64) {
    v = b.power(loaded(base), e->numerator());
  } else if (*e == Rational(1, 2)) {
    v = b.unary(ScalarOp::Sqrt, loaded(base));
  } else if (e->exact() && e->denominator() == 2 && e->numerator() < 64) {
    v = b.power(loaded(root()), e->numerator());
  } else {
    v = b.binary(ScalarOp::Pow, loaded(base), b.constant(*e));
  }
  const Stored out = fresh(n.shape);
  b.store(access(out, loops), v);
  add(std::move(b));
  return out;
}

Stored Lowerer::State::scalar_code(const Node& n, ScalarOp op) {
  const auto loops = straight(n.shape.size());
  PointwiseBuilder b(n.shape);
  std::vector<Register> r;
  for (const auto& o : n.operands) r.push_back(b.load(access(value(o), straight(o->shape.size()))));
  const Register v = r.empty()       ? b.leaf(op)
                     : r.size() == 1 ? b.unary(op, r[0])
                     : r.size() == 2 ? b.binary(op, r[0], r[1])
                                     : b.select(r[0], r[1], r[2]);
  const Stored out = fresh(n.shape);
  b.store(access(out, loops), v);
  add(std::move(b));
  return out;
}

// The routine falls back on the general way where the matrix turns out to be singular.
bool is_definite_or_singular(Expr matrix) { return is_definite(matrix) || is_semidefinite(matrix); }

Stored Lowerer::State::routine(const Node& n, std::string_view name) {
  kernel::Routine r;
  r.name = name;
  r.attributes = n.attributes.integers;
  if (kernel::find_routine(name)->definite_form && is_definite_or_singular(n.operands[0])) r.attributes = {1};
  std::size_t batch = 0;
  for (const auto& o : n.operands) batch = std::max(batch, o->shape.size());
  for (const auto& o : n.operands) {
    Stored s = value(o);
    const bool one_batch_of_many = record_of(n).linear_in.value(1) && n.operands.size() == 2;
    if (one_batch_of_many && o->shape.size() > 2 &&
        o->shape.size() < batch) {  // repeat along the further axes
      const Shape& wide = n.operands[1].shape();
      const Stored repeated = fresh(wide);
      PointwiseBuilder b(wide);
      b.store(access(repeated, straight(wide.size())), b.load(access(s, straight(o->shape.size()))));
      add(std::move(b));
      s = repeated;
    }
    r.inputs.push_back(view_of(s));
  }
  const Stored out = fresh(n.shape);
  r.outputs.push_back(view_of(out));
  program.add(std::move(r), note);
  return out;
}

Stored Lowerer::State::abstract(const Node& n) {
  const std::string name = abstract_name(n);
  const Stored out = fresh(n.shape);
  if (abstract_use(n)->entrywise) {
    const auto loops = straight(n.shape.size());
    PointwiseBuilder b(n.shape);
    b.store(access(out, loops), b.call(name, b.load(access(value(n.operands[0]), loops))));
    add(std::move(b));
    return out;
  }
  kernel::Routine r;
  r.name = "call";
  r.function = name;
  r.inputs.push_back(view_of(value(n.operands[0])));
  r.outputs.push_back(view_of(out));
  program.add(std::move(r), note);
  return out;
}

Stored Lowerer::State::apply(const Node& n) {
  const auto& by = record_of(n).lowering.value;
  switch (by.by) {
    case Lowering::By::Scalar:
      return scalar_code(n, kernel::scalar_op(by.code).value());
    case Lowering::By::Routine:
      return routine(n, by.code);
    case Lowering::By::View:
      return view(n, by.code);
    case Lowering::By::None:
      return abstract(n);
  }
  throw std::logic_error("unknown lowering");
}

Lowerer::Lowerer() : state_(std::make_unique<State>()) {}
Lowerer::~Lowerer() = default;

void Lowerer::input(Expr variable) {
  state_->stored[variable.get()] = {state_->program.input(variable->name(), variable.shape()),
                                    variable.shape()};
}

void Lowerer::assign(Expr variable, Expr value, std::string_view note) {
  state_->note = note;
  state_->lower(std::span(&value, 1));
  state_->stored[variable.get()] = state_->value(value);
  state_->note.clear();
}

void Lowerer::forget() {
  for (const Node* n : state_->unnamed) state_->stored.erase(n);
  state_->unnamed.clear();
}

void Lowerer::outputs(std::span<const Expr> exprs) {
  state_->lower(exprs);
  for (const auto& e : exprs) state_->program.output(state_->whole(state_->value(e)));
}

kernel::Program Lowerer::finish() && { return std::move(state_->program).finish(); }

kernel::Program lower(std::span<const Expr> inputs, std::span<const Expr> outputs) {
  Lowerer lowerer;
  for (const auto& v : inputs) lowerer.input(v);
  lowerer.outputs(outputs);
  return kernel::optimised(std::move(lowerer).finish());
}

}  // namespace adjoint

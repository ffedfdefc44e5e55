// The inference of types at work: one object infers one expression.
#pragma once

#include <map>
#include <set>

#include "notation/infer.hpp"
#include "notation/settle.hpp"
#include "notation/unify.hpp"

namespace adjoint::notation {

class Inference {
 public:
  Inference(const Sources& sources, const Symbols& symbols, const FunctionTable& table, bool assume,
            Diagnostics& errors)
      : sources_(sources),
        symbols_(symbols),
        table_(table),
        assume_(assume),
        errors_(errors),
        first_error_(errors.size()) {}

  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;
  ~Inference();

  std::optional<Typed> run(const Ast& ast);

 private:
  /// A typed node whose sizes may hold unknowns; null where an error has been reported.
  using Result = std::shared_ptr<syntax::Node>;

  /// What a name is bound to: a value, or an index variable.
  struct Bound {
    Result value;
    int variable = -1;
  };
  struct Frame {
    std::map<std::string, Bound> names;
    bool barrier = false;  // a definition's body does not see its caller's names
  };

  // infer.cpp
  Result infer(const Ast& ast);
  Result dispatch(const Ast& ast);
  Result name(const Ast& ast);
  Result let(const Ast& ast);
  Result block(const Ast& ast);
  Result definition(const Definition& d, Place use);
  const Bound* find_bound(const std::string& name) const;
  Result symbol_node(const Symbol& symbol, const Ast& ast);
  Result assumed(const Ast& ast);
  int symbol_index(const Symbol& symbol);
  Result node(syntax::Kind kind, std::string text, std::vector<Ast> args, Place place, Type type);
  Result same(const Ast& ast, std::vector<Ast> args, Type type) {
    return node(ast->kind, ast->text, std::move(args), ast->place, std::move(type));
  }
  Meaning& mean(const Result& node, Meaning::Kind kind);

  // infer_operators.cpp
  Result transpose(const Ast& ast);
  Result binary(const Ast& ast);
  Result product(const Ast& ast, const Result& a, const Result& b);
  Result quotient(const Ast& ast, const Result& a, const Result& b);
  Result solve(const Ast& ast, const Result& a, const Result& b);
  Result power(const Ast& ast, const Result& a, const Result& b);
  Result entrywise(const Ast& ast, const Result& a, const Result& b);
  std::optional<Type> broadcast(const Ast& ast, const Result& a, const Result& b);
  bool same_shape(const Type& a, const Type& b, Place place);

  // infer_calls.cpp
  Result call(const Ast& ast);
  [[nodiscard]] bool holds_condition(const Ast& ast) const;
  Result defined_call(const Ast& ast, const Definition& d);
  Result inlined(const Ast& ast, const Definition& d, const std::vector<Result>& values);
  Result valued_call(const Ast& ast, const Symbol& symbol, const Definition& d, int order, const Result& a,
                     const Type& t);
  Result abstract_call(const Ast& ast, const Symbol& symbol, int order);
  Result table_call(const Ast& ast, const Surface& surface);
  Result unknown_function(const Ast& ast);
  struct Match {
    std::map<std::string, Size> sizes;
    std::map<std::string, Type> types;
    std::vector<Size> arguments;  // Size and Index arguments, by position
    std::vector<std::pair<Place, std::string>> problems;
  };
  bool matches(const Ast& ast, const Signature& s, const std::vector<Result>& typed, Match& match);
  bool matches(const Pattern& pattern, const Ast& raw, const Result& typed, std::size_t k, Match& match);
  bool matches_size(const Ast& pattern, const Size& actual, Place place, Match& match);
  Size evaluate(const Ast& pattern, Match& match);
  void report_mismatch(const Ast& ast, const Surface& surface, const std::vector<Result>& typed,
                       const Match& match);

  // infer_index.cpp
  Result index(const Ast& ast);
  Result index_sum(const Ast& ast);
  struct Affine {
    Size constant{0};
    std::map<int, Size> coefficients;  // of index variables
  };
  std::optional<Affine> affine(const Ast& ast, const Size* dimension);
  std::optional<Subscript> subscript(const Ast& ast, const Size& dimension, const std::string& what);
  std::optional<Subscript> block(const Affine& first, const Size& length, const Ast& ast,
                                 const Size& dimension, const std::string& what);
  bool inside(const Size& last, const Size& dimension, Place place, const std::string& what);
  using Report = std::function<void(Place, std::string)>;
  std::optional<Size> size_of(const Ast& ast, const Report& report, const Size* dimension = nullptr);
  std::optional<Size> size_name(const Ast& name, const Report& report);

  // infer_finish.cpp
  void settle_indices();
  void name_unknowns(const std::set<std::string>& taken);
  void check_size_names();
  void rewrite_errors();
  Typed result(const Result& root);
  std::string fresh_name(const std::set<std::string>& taken, bool rows_of_matrix);

  void error(Place place, std::string message, std::vector<Note> notes = {});
  void error(const Ast& ast, std::string message, std::vector<Note> notes = {}) {
    error(ast->place, std::move(message), std::move(notes));
  }
  Type type(const Result& node) const { return unifier_.resolve(node->type); }
  /// As typed, or a description where it is long.
  std::string shown(const Ast& ast) const;
  /// "`A*x` is (m,1)"
  std::string is_of(const Ast& ast, const Result& node) const;
  /// Where the shapes of operands come from.
  std::vector<Note> origins(const std::vector<std::pair<Ast, Result>>& operands) const;

  const Sources& sources_;
  const Symbols& symbols_;
  const FunctionTable& table_;
  bool assume_;
  Diagnostics& errors_;
  std::size_t first_error_;

  Unifier unifier_;
  std::vector<Frame> frames_;
  std::vector<Place> calls_;  // uses of the definitions that are being looked into
  std::vector<Result> created_;
  std::map<const syntax::Node*, Meaning> meanings_;
  std::vector<Symbol> free_;  // symbols in the order of appearance
  std::map<std::string, int> free_index_;
  std::vector<IndexVariable> variables_;
  std::map<std::string, Result> definitions_;  // typed bodies of definitions without parameters
  std::set<std::string> open_definitions_;
  std::map<std::string, Use> uses_;
  std::set<std::string> parameters_;  // of a definition that is asked for as a function
  std::map<std::string, std::pair<Size, Place>> size_names_;  // undeclared, as in eye(k)
  struct Reach {
    Size dimension, last;
    Place place;
    std::string what;
  };
  std::vector<Reach> reaches_;  // how far subscripts reach into dimensions that are not known yet
  int depth_ = 0;
  /// Definitions that are put in, each where it is used: f(f(x)) of a definition that is of this kind
  /// doubles.
  static constexpr int kMostInlined = 40000;
  int inlined_ = 0;
};

}  // namespace adjoint::notation

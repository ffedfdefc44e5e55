#include "notation/infer.hpp"

#include <algorithm>

#include "notation/inference.hpp"

namespace adjoint::notation {

using syntax::Kind;

namespace {
constexpr int kMaximalInlining = 4000;  // depth of a tree with its definitions put in
}

const Meaning& Typed::meaning(const Ast& node) const {
  static const Meaning plain;
  const auto at = meanings.find(node.get());
  return at == meanings.end() ? plain : at->second;
}

Typed::~Typed() {
  root.reset();
  meanings.clear();
  while (!order.empty()) order.pop_back();
}

Inference::~Inference() {
  definitions_.clear();
  frames_.clear();
  meanings_.clear();
  while (!created_.empty()) created_.pop_back();
}

std::optional<Typed> infer(const Ast& ast, const Sources& sources, const Symbols& symbols,
                           const FunctionTable& table, bool assume, Diagnostics& errors) {
  return Inference(sources, symbols, table, assume, errors).run(ast);
}

std::optional<Typed> Inference::run(const Ast& ast) {
  Ast root = ast;
  if (ast->kind == Kind::Name) {  // a function asked for by its name: of its own parameters
    if (const Definition* d = symbols_.definition(ast->text); d != nullptr && d->has_parameters) {
      root = d->body;
      for (const auto& p : d->parameters) parameters_.insert(p.name);
    }
  }
  const Needs needs = needs_of(root, symbols_);
  uses_ = uses_of_undeclared(root, needs.definitions, symbols_, table_);
  for (const Definition* d : needs.definitions) {  // in order, so that long chains do not nest
    if (!d->has_parameters && parameters_.count(d->name.name) == 0) definition(*d, d->name.place);
  }
  const Result typed = infer(root);
  if (typed) {
    settle_indices();
    if (const auto open = unifier_.settle()) {
      error(open->place, "sizes contradict each other: " + unifier_.resolve(open->a).text() + " and " +
                             unifier_.resolve(open->b).text());
    }
  }
  name_unknowns(needs.names);
  if (typed) check_size_names();
  rewrite_errors();
  if (!typed || errors_.size() != first_error_) return std::nullopt;
  return result(typed);
}

void Inference::error(Place place, std::string message, std::vector<Note> notes) {
  if (!calls_.empty()) notes.push_back({"used at", calls_.front()});
  errors_.error(place, std::move(message), std::move(notes));
}

Inference::Result Inference::node(Kind kind, std::string text, std::vector<Ast> args, Place place,
                                  Type type) {
  auto n = std::make_shared<syntax::Node>();
  n->kind = kind;
  n->text = std::move(text);
  n->args = std::move(args);
  n->place = place;
  n->type = std::move(type);
  n->typed = true;
  created_.push_back(n);
  return n;
}

Meaning& Inference::mean(const Result& node, Meaning::Kind kind) {
  Meaning& m = meanings_[node.get()];
  m.kind = kind;
  return m;
}

std::string Inference::shown(const Ast& ast) const {
  const std::string_view text = sources_.text(ast->place);
  if (text.size() <= 40 && text.find('\n') == std::string_view::npos) return '`' + std::string(text) + '`';
  return "`" + std::string(text.substr(0, text.find_first_of("\n", 0) < 20 ? text.find('\n') : 20)) + "…`";
}

std::string Inference::is_of(const Ast& ast, const Result& node) const {
  return shown(ast) + " is " + shape_text(type(node));
}

std::vector<Note> Inference::origins(const std::vector<std::pair<Ast, Result>>& operands) const {
  std::vector<Note> notes;
  const auto add = [&](std::string label, Place place) {
    for (const auto& n : notes) {
      if (n.place.begin == place.begin) return;
    }
    notes.push_back({std::move(label), place});
  };
  for (const auto& [ast, result] : operands) {
    Ast leaf = ast;
    while (leaf->kind == Kind::Transpose || leaf->kind == Kind::Negate || leaf->kind == Kind::Index)
      leaf = leaf->args[0];
    if (leaf->kind == Kind::Name) {
      if (const Symbol* s = symbols_.find(leaf->text)) add('`' + s->name + "` declared at", s->place);
      if (const auto at = free_index_.find(leaf->text); at != free_index_.end()) {
        const Symbol& f = free_[static_cast<std::size_t>(at->second)];
        if (f.assumed)
          add('`' + f.name + "`, not declared, taken to be in " + domain_text(unifier_.resolve(f.type)) +
                  " at",
              f.place);
      }
      if (const Definition* d = symbols_.definition(leaf->text))
        add('`' + leaf->text + "` defined at", d->name.place);
    }
    std::vector<Size> sizes{result->type.rows, result->type.columns};
    for (const auto& size : sizes) {
      for (const auto& name : size.names()) {
        if (const auto at = unifier_.settled_at(name); at && at->begin != at->end) {
          add("size " + unifier_.resolve(Size::name(name)).text() + " settled at", *at);
        }
      }
    }
  }
  return notes;
}

Inference::Result Inference::infer(const Ast& ast) {
  if (++depth_ > kMaximalInlining) {
    --depth_;
    error(ast, "definitions are nested more than " + std::to_string(kMaximalInlining) + " deep");
    return nullptr;
  }
  Result result = dispatch(ast);
  --depth_;
  return result;
}

Inference::Result Inference::dispatch(const Ast& ast) {
  switch (ast->kind) {
    case Kind::Number:
      return same(ast, {}, {});
    case Kind::Name:
      return name(ast);
    case Kind::Negate: {
      const Result a = infer(ast->args[0]);
      return a ? same(ast, {a}, a->type) : nullptr;
    }
    case Kind::Transpose:
      return transpose(ast);
    case Kind::Binary:
    case Kind::Compare:
      return binary(ast);
    case Kind::Call:
      return call(ast);
    case Kind::Index:
      return index(ast);
    case Kind::IndexSum:
      return index_sum(ast);
    case Kind::Block:
      return block(ast);
    case Kind::Let:
      return let(ast);
    case Kind::Colon:
    case Kind::Range:
    case Kind::Row:
      break;
  }
  error(ast, "a subscript stands alone");
  return nullptr;
}

const Inference::Bound* Inference::find_bound(const std::string& name) const {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (const auto at = frame->names.find(name); at != frame->names.end()) return &at->second;
    if (frame->barrier) break;
  }
  return nullptr;
}

int Inference::symbol_index(const Symbol& symbol) {
  const auto [at, fresh] = free_index_.emplace(symbol.name, static_cast<int>(free_.size()));
  if (fresh) free_.push_back(symbol);
  return at->second;
}

Inference::Result Inference::symbol_node(const Symbol& symbol, const Ast& ast) {
  const int index = symbol_index(symbol);
  const Result n = same(ast, {}, free_[static_cast<std::size_t>(index)].type);
  mean(n, Meaning::Kind::Variable).symbol = index;
  return n;
}

Inference::Result Inference::name(const Ast& ast) {
  const std::string& text = ast->text;
  if (const Bound* bound = find_bound(text)) {
    if (bound->variable < 0) return bound->value;
    const Result n = same(ast, {}, {});
    mean(n, Meaning::Kind::IndexNumber).variable = bound->variable;
    return n;
  }
  const bool parameter = parameters_.count(text) != 0;
  if (const Symbol* s = symbols_.find(text)) {
    if (s->kind == Symbol::Kind::Variable) return symbol_node(*s, ast);
    error(ast, "`" + text + "` is a function; write " + text + "(…)", {{"declared at", s->place}});
    return nullptr;
  }
  if (const Definition* d = symbols_.definition(text); d != nullptr && !parameter) {
    if (!d->has_parameters) return definition(*d, ast->place);
    error(ast, "`" + text + "` is a function; write " + text + "(…)", {{"defined at", d->name.place}});
    return nullptr;
  }
  if (is_constant_name(text)) return same(ast, {}, {});
  const auto use = uses_.find(text);
  const bool wanted_as_size = use != uses_.end() && use->second == Use::Size;
  if (symbols_.is_size(text) || size_names_.count(text) != 0 || (wanted_as_size && !parameter)) {
    const auto size =
        size_name(ast, [this](Place place, std::string message) { error(place, std::move(message)); });
    if (!size) return nullptr;
    const Result n = same(ast, {}, {});
    mean(n, Meaning::Kind::SizeNumber).size = *size;
    return n;
  }
  return assumed(ast);
}

// An undeclared name: what its use settles, else what its letter suggests.
Inference::Result Inference::assumed(const Ast& ast) {
  const std::string& text = ast->text;
  if (const auto at = free_index_.find(text); at != free_index_.end()) {
    return symbol_node(free_[static_cast<std::size_t>(at->second)], ast);
  }
  if (table_.find(text) != nullptr) {
    error(ast, "`" + text + "` is a function; write " + text + "(…)");
    return nullptr;
  }
  if (text == "in" || text == "where" || text == "end") {
    error(ast,
          "`" + text + "` is a word of the notation" + (text == "end" ? "; it stands in subscripts" : ""));
    return nullptr;
  }
  if (!assume_ && parameters_.count(text) == 0) {
    std::vector<std::string> known;
    for (const auto& s : symbols_.all()) known.push_back(s.name);
    for (const auto& d : symbols_.definitions()) known.push_back(d.name.name);
    const auto near = nearest_name(text, known);
    error(ast, "unknown name `" + text + "`" + (near ? "; did you mean `" + *near + "`?" : ""));
    return nullptr;
  }
  Symbol s;
  s.name = text;
  s.place = ast->place;
  s.assumed = true;
  const auto at = uses_.find(text);
  Use use = at == uses_.end() ? Use::None : at->second;
  if (use == Use::None || use == Use::Size) {
    use = text[0] >= 'A' && text[0] <= 'Z' ? Use::Matrix : is_greek(text) ? Use::Scalar : Use::Vector;
  }
  if (use != Use::Scalar) s.type.rows = unifier_.unknown(Unifier::Range::NotOne);
  if (use == Use::Matrix) s.type.columns = unifier_.unknown(Unifier::Range::NotOne);
  return symbol_node(s, ast);
}

Inference::Result Inference::definition(const Definition& d, Place use) {
  if (const auto at = definitions_.find(d.name.name); at != definitions_.end()) return at->second;
  if (!open_definitions_.insert(d.name.name).second) {
    error(use, "the definition of `" + d.name.name + "` uses itself", {{"defined at", d.name.place}});
    return nullptr;
  }
  frames_.push_back({{}, true});
  Result result = infer(d.body);
  frames_.pop_back();
  open_definitions_.erase(d.name.name);
  definitions_[d.name.name] = result;
  return result;
}

Inference::Result Inference::let(const Ast& ast) {
  frames_.push_back({});
  bool good = true;
  for (std::size_t k = 0; k < ast->names.size(); ++k) {
    const Result value = infer(ast->args[k + 1]);
    good = good && value;
    frames_.back().names[ast->names[k]] = {value, -1};
  }
  Result body = good ? infer(ast->args[0]) : nullptr;
  frames_.pop_back();
  return body;
}

Inference::Result Inference::block(const Ast& ast) {
  if (ast->args.empty()) {
    error(ast, "a block needs an entry");
    return nullptr;
  }
  bool good = true;
  std::vector<Ast> rows;
  std::optional<Size> width;
  Size height(0);
  const auto first_row = ast->args[0];
  for (const auto& row : ast->args) {
    std::vector<Ast> entries;
    std::optional<Size> row_height;
    Size row_width(0);
    Result first;
    for (const auto& e : row->args) {
      const Result entry = infer(e);
      if (!entry) {
        good = false;
        continue;
      }
      const Type t = type(entry);
      if (!t.higher.empty()) {
        error(e, "a block is made of matrices; " + is_of(e, entry));
        good = false;
        continue;
      }
      if (!row_height) {
        row_height = t.rows;
        first = entry;
      } else if (!unifier_.equal(*row_height, t.rows, e->place)) {
        error(e,
              "the entries of a row of a block have equally many rows: " + is_of(row->args[0], first) + ", " +
                  is_of(e, entry),
              origins({{row->args[0], first}, {e, entry}}));
        good = false;
      }
      row_width = row_width + t.columns;
      entries.push_back(entry);
    }
    if (!good || !row_height) continue;
    Type t;
    t.rows = *row_height;
    t.columns = row_width;
    rows.push_back(node(Kind::Row, "", std::move(entries), row->place, t));
    if (!width) {
      width = row_width;
    } else if (!unifier_.equal(*width, row_width, row->place)) {
      error(row, "the rows of a block have equally many columns: the first has " +
                     unifier_.resolve(*width).text() + ", this one " + unifier_.resolve(row_width).text());
      good = false;
    }
    height = height + *row_height;
  }
  if (!good) return nullptr;
  Type t;
  t.rows = height;
  t.columns = *width;
  return same(ast, std::move(rows), t);
}

}  // namespace adjoint::notation

#include "app/values.hpp"

#include <cctype>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

namespace adjoint::app {
namespace {

// Data in row-major order to an array.
Array from_rows(std::vector<std::int64_t> shape, const std::vector<double>& rows) {
  std::vector<std::int64_t> reversed(shape.rbegin(), shape.rend());
  Array a(reversed);
  a.data = rows;
  std::vector<int> order;
  for (int k = static_cast<int>(shape.size()) - 1; k >= 0; --k) order.push_back(k);
  return permuted(a, order);
}

[[noreturn]] void wrong(const std::string& message) { throw InputError("error: " + message + "\n"); }

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) wrong("cannot read the file " + path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

template <class T>
std::vector<double> converted(const char* bytes, std::size_t count) {
  std::vector<double> out(count);
  for (std::size_t k = 0; k < count; ++k) {
    T v;
    std::memcpy(&v, bytes + k * sizeof(T), sizeof(T));
    out[k] = static_cast<double>(v);
  }
  return out;
}

// The NumPy format (NEP 1), little-endian numbers.
Array read_npy(const std::string& path) {
  const std::string bytes = read_file(path);
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0) wrong(path + " is not a .npy file");
  const bool wide = bytes[6] >= 2;
  std::size_t length = static_cast<unsigned char>(bytes[8]) + 256U * static_cast<unsigned char>(bytes[9]);
  std::size_t begin = 10;
  if (wide) {
    length +=
        65536U * static_cast<unsigned char>(bytes[10]) + 16777216U * static_cast<unsigned char>(bytes[11]);
    begin = 12;
  }
  if (begin + length > bytes.size()) wrong(path + " is cut short");
  const std::string header = bytes.substr(begin, length);
  const auto field = [&header, &path](const std::string& key) {
    const auto at = header.find("'" + key + "'");
    if (at == std::string::npos) wrong(path + ": the header has no " + key);
    return header.substr(header.find(':', at) + 1);
  };
  const std::string descr = field("descr");
  const auto quote = descr.find('\'');
  const std::string type = descr.substr(quote + 1, descr.find('\'', quote + 1) - quote - 1);
  const bool fortran = field("fortran_order").find("True") < field("fortran_order").find(',');
  const std::string shape_text = field("shape");
  std::vector<std::int64_t> shape;
  std::size_t count = 1;
  std::istringstream list(
      shape_text.substr(shape_text.find('(') + 1, shape_text.find(')') - shape_text.find('(') - 1));
  for (std::string item; std::getline(list, item, ',');) {
    if (item.find_first_of("0123456789") == std::string::npos) continue;
    shape.push_back(std::stoll(item));
    count *= static_cast<std::size_t>(shape.back());
  }
  const char* data = bytes.data() + begin + length;
  const std::size_t available = bytes.size() - begin - length;
  const std::map<std::string, std::pair<std::size_t, std::vector<double> (*)(const char*, std::size_t)>>
      types = {{"<f8", {8, converted<double>}},       {"<f4", {4, converted<float>}},
               {"<i8", {8, converted<std::int64_t>}}, {"<i4", {4, converted<std::int32_t>}},
               {"|u1", {1, converted<std::uint8_t>}}, {"|i1", {1, converted<std::int8_t>}},
               {"<i2", {2, converted<std::int16_t>}}, {"|b1", {1, converted<std::uint8_t>}}};
  const auto at = types.find(type);
  if (at == types.end()) wrong(path + ": numbers of type " + type + " are not read");
  if (available < count * at->second.first) wrong(path + " is cut short");
  const auto numbers = at->second.second(data, count);
  if (!fortran) return from_rows(shape, numbers);
  Array a(shape);
  a.data = numbers;
  return a;
}

Array read_csv(const std::string& path) {
  std::istringstream in(read_file(path));
  std::vector<double> numbers;
  std::size_t columns = 0;
  std::size_t rows = 0;
  std::size_t line_number = 0;
  for (std::string line; std::getline(in, line);) {
    ++line_number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    std::vector<double> row;
    bool header = false;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) {
      char* end = nullptr;
      const double v = std::strtod(cell.c_str(), &end);
      while (*end == ' ') ++end;
      if (*end != '\0' || end == cell.c_str()) {
        if (rows == 0) {
          header = true;
          break;
        }
        wrong(path + ":" + std::to_string(line_number) + ": '" + cell + "' is not a number");
      }
      row.push_back(v);
    }
    if (header) continue;
    if (columns != 0 && row.size() != columns) {
      wrong(path + ":" + std::to_string(line_number) + ": " + std::to_string(row.size()) +
            " columns where the first row has " + std::to_string(columns));
    }
    columns = row.size();
    ++rows;
    numbers.insert(numbers.end(), row.begin(), row.end());
  }
  if (rows == 0) wrong(path + " holds no numbers");
  if (columns == 1 || rows == 1) return from_rows({static_cast<std::int64_t>(rows * columns)}, numbers);
  return from_rows({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)}, numbers);
}

class Lists {
 public:
  explicit Lists(const std::string& text) : text_(text) {}

  Values run() {
    Values values;
    for (;;) {
      skip(" \t\r\n;");
      if (at_ == text_.size()) return values;
      const std::size_t begin = at_;
      while (at_ < text_.size() &&
             (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
        ++at_;
      const std::string name = text_.substr(begin, at_ - begin);
      skip(" \t\r\n");
      if (name.empty() || at_ == text_.size() || text_[at_] != '=') fail("expected NAME=VALUE");
      if (values.contains(name)) {
        at_ = begin;
        fail(name + " has a value already");
      }
      ++at_;
      skip(" \t\r\n");
      if (at_ < text_.size() && text_[at_] == '@') {
        std::size_t end = text_.find(';', at_);
        if (end == std::string::npos) end = text_.size();
        std::string path = text_.substr(at_ + 1, end - at_ - 1);
        while (!path.empty() && path.back() == ' ') path.pop_back();
        at_ = end;
        const bool npy = path.size() > 4 && path.compare(path.size() - 4, 4, ".npy") == 0;
        values[name] = npy ? read_npy(path) : read_csv(path);
        continue;
      }
      std::vector<std::int64_t> shape;
      std::vector<double> numbers;
      number_depth_.reset();
      long_.clear();
      value(0, shape, numbers);
      values[name] = from_rows(shape, numbers);
      if (!long_.empty()) values.decimals[name] = placed(shape, numbers.size());
      skip(" \t\r\n");
      if (at_ < text_.size() && text_[at_] != ';') fail("expected ';' between values");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError("<at>:1:" + std::to_string(at_ + 1) + ": error: " + what + "\n" + text_ + "\n" +
                     std::string(at_, ' ') + "^\n");
  }
  void skip(const char* set) {
    while (at_ < text_.size() && std::strchr(set, text_[at_]) != nullptr) ++at_;
  }
  void value(std::size_t depth, std::vector<std::int64_t>& shape, std::vector<double>& numbers) {
    if (depth > 16) fail("lists are nested too deeply");
    skip(" \t\r\n");
    if (at_ < text_.size() && text_[at_] == '[') {
      if (number_depth_ && *number_depth_ <= depth) fail("a list beside a number");
      ++at_;
      std::int64_t count = 0;
      for (bool comma = false;;) {
        skip(" \t\r\n");
        if (at_ == text_.size()) fail("a list is not closed, expected ']'");
        if (text_[at_] == ']' && count == 0) fail("an empty list: sizes are at least 1");
        if (text_[at_] == ']' && !comma) break;
        if (text_[at_] == ';') {  // [1 2; 3 4]
          fail("rows are lists of their own here: [[1,2],[3,4]]");
        }
        value(depth + 1, shape, numbers);
        ++count;
        skip(" \t\r\n");
        comma = at_ < text_.size() && text_[at_] == ',';
        if (comma) ++at_;
      }
      ++at_;
      if (shape.size() <= depth) shape.resize(depth + 1, -1);
      if (shape[depth] >= 0 && shape[depth] != count) {
        fail("lists of " + std::to_string(shape[depth]) + " and of " + std::to_string(count) +
             " entries side by side");
      }
      shape[depth] = count;
      return;
    }
    std::size_t end = at_;
    while (end < text_.size() && std::strchr("+-.0123456789eEinfatypINFATY", text_[end]) != nullptr) ++end;
    const std::string number = text_.substr(at_, end - at_);
    char* stop = nullptr;
    const double v = std::strtod(number.c_str(), &stop);
    if (number.empty() || *stop != '\0') fail("expected a number or a list");
    if (!shape.empty() && depth < shape.size() && shape[depth] >= 0) fail("a number beside a list");
    number_depth_ = depth;
    if (is_long(number, v)) long_.emplace(numbers.size(), number[0] == '+' ? number.substr(1) : number);
    numbers.push_back(v);
    at_ = end;
  }

  // Whether a double loses what was typed: digits, or all of a number beyond its range.
  static bool is_long(const std::string& number, double value) {
    constexpr int kDigits = 17;
    int digits = 0;
    for (const char c : number) {
      if (c == 'e' || c == 'E') break;
      if (std::isdigit(static_cast<unsigned char>(c)) != 0 && (digits > 0 || c != '0')) ++digits;
    }
    return digits > kDigits || (digits > 0 && (value == 0 || std::isinf(value)));
  }
  // The long numbers by their position in the array.
  [[nodiscard]] Point::Decimals placed(const std::vector<std::int64_t>& shape, std::size_t count) const {
    std::vector<double> positions(count);
    for (std::size_t k = 0; k < count; ++k) positions[k] = static_cast<double>(k);
    Point::Decimals list;
    const Array order = from_rows(shape, positions);
    for (std::size_t k = 0; k < count; ++k) {
      if (const auto at = long_.find(static_cast<std::size_t>(order.data[k])); at != long_.end())
        list.emplace_back(k, at->second);
    }
    return list;
  }

  const std::string& text_;
  std::size_t at_ = 0;
  std::map<std::size_t, std::string> long_;
  std::optional<std::size_t> number_depth_;  // at which the numbers of this value stand
};

std::string numbers_text(const std::vector<std::int64_t>& shape) {
  std::string s = "(";
  for (std::size_t k = 0; k < shape.size(); ++k) s += (k > 0 ? "," : "") + std::to_string(shape[k]);
  return s + ")";
}

// Learns a size name from size == value where all but one name is known and it occurs linearly.
bool learn(const Size& size, std::int64_t value, SizeValues& sizes) {
  Size rest = size;
  std::string unknown;
  for (const auto& name : size.names()) {
    const auto at = sizes.find(name);
    if (at != sizes.end()) {
      rest = rest.substitute(name, Size(at->second));
    } else if (!unknown.empty()) {
      return false;
    } else {
      unknown = name;
    }
  }
  if (unknown.empty() || unknown.starts_with("min(")) return false;
  const auto zero = rest.substitute(unknown, Size(0)).constant();
  const auto one = rest.substitute(unknown, Size(1)).constant();
  const auto two = rest.substitute(unknown, Size(2)).constant();
  if (!zero || !one || !two || *two - *one != *one - *zero || *one == *zero) return false;
  const std::int64_t slope = *one - *zero;
  if ((value - *zero) % slope != 0) return false;
  sizes[unknown] = (value - *zero) / slope;
  return true;
}

}  // namespace

Values parse_values(const std::string& text) { return Lists(text).run(); }

Point point_of(const Question& question, const Values& values) {
  Point point;
  struct Pending {
    const notation::Symbol* symbol;
    std::vector<Size> shape;
    std::vector<std::int64_t> given;
  };
  std::vector<Pending> pending;
  for (const auto& [name, value] : values) {  // sizes may be given as numbers
    if (!question.session.symbols().is_size(name)) continue;
    if (value.rank() != 0 || value.data[0] != std::floor(value.data[0]) || value.data[0] < 0 ||
        value.data[0] > 1e9)
      throw InputError("error: " + name + " is a size: its value is an integer, 0 or more\n");
    point.sizes[name] = static_cast<std::int64_t>(value.data[0]);
  }
  // Variables that do not occur may still say what a size is.
  std::vector<notation::Symbol> symbols = question.formula.symbols;
  for (const auto& s : question.session.symbols().all()) {
    if (s.kind == notation::Symbol::Kind::Variable && question.formula.symbol(s.name) == nullptr &&
        values.contains(s.name))
      symbols.push_back(s);
  }
  for (const auto& s : symbols) {
    if (s.kind == notation::Symbol::Kind::Function) {
      throw NoAnswer("error: the abstract function " + s.name + " has no value; define it: --given '" +
                     s.name + "(t) = …'\n");
    }
    const auto at = values.find(s.name);
    if (at == values.end())
      throw InputError("error: no value is given for " + s.name + " (" + s.text() + ")\n");
    std::vector<std::int64_t> given = at->second.shape;
    std::vector<Size> declared = s.type.higher;
    if (declared.empty()) {
      if (s.type.is_scalar()) {
        while (!given.empty() && given.back() == 1) given.pop_back();
      } else if (given.size() == 2) {
        declared = {s.type.rows, s.type.columns};
      } else if (s.type.is_row()) {
        declared = {s.type.columns};
      } else if (s.type.is_column()) {
        declared = {s.type.rows};
      } else {
        declared = {s.type.rows, s.type.columns};
      }
    }
    if (declared.size() != given.size()) {
      throw InputError("error: " + s.name + " is declared as " + s.text() +
                       (s.type.is_scalar() ? ": a number is due, the value is a list of shape "
                                           : ", the value has shape ") +
                       (given.empty() ? "() of a number" : numbers_text(at->second.shape)) + "\n");
    }
    pending.push_back({&s, declared, given});
  }
  for (bool learned = true; learned;) {
    learned = false;
    for (const auto& p : pending) {
      for (std::size_t k = 0; k < p.shape.size(); ++k)
        learned = learn(p.shape[k], p.given[k], point.sizes) || learned;
    }
  }
  for (const auto& p : pending) {
    const Array& value = values.find(p.symbol->name)->second;
    for (std::size_t k = 0; k < p.shape.size(); ++k) {
      const auto expected = p.shape[k].evaluate(point.sizes);
      if (expected && *expected == p.given[k]) continue;
      throw InputError("error: " + p.symbol->name + " is declared as " + p.symbol->text() +
                       ", the value has shape " + numbers_text(value.shape) +
                       (expected && !p.shape[k].constant()
                            ? ": " + p.shape[k].text() + " = " + std::to_string(*expected)
                            : "") +
                       "\n");
    }
    Array a = value;
    std::vector<std::int64_t> shape;
    for (std::size_t k = 0; k < p.shape.size(); ++k) {
      if (!p.shape[k].is_one()) shape.push_back(p.given[k]);
    }
    a.shape = shape;
    const Node* node = notation::variable(*question.graph, *p.symbol).get();
    if (const auto at = values.decimals.find(p.symbol->name); at != values.decimals.end())
      point.decimals[node] = at->second;
    point.values[node] = std::move(a);
  }
  return point;
}

namespace {
bool is_symmetric_value(const Array& a) {
  if (a.rank() != 2 || a.shape[0] != a.shape[1] || a.shape[0] < 2) return false;
  const auto m = matrix_at(a, 0);
  return m == m.transpose();
}
}  // namespace

std::string declarations_of(const Values& values, const notation::Session& session, bool symmetric) {
  std::string text;
  for (const auto& [name, value] : values) {
    if (session.symbols().find(name) != nullptr || session.symbols().is_size(name)) continue;
    if (symmetric && is_symmetric_value(value)) {
      text += name + " in Sym(" + std::to_string(value.shape[0]) + "); ";
      continue;
    }
    text += name + " in R";
    if (value.rank() == 1) text += "^" + std::to_string(value.shape[0]);
    if (value.rank() > 1) {
      text += "^(";
      for (std::size_t k = 0; k < value.shape.size(); ++k)
        text += (k > 0 ? "," : "") + std::to_string(value.shape[k]);
      text += ")";
    }
    text += "; ";
  }
  return text;
}

void refuse_unknown(const Values& values, const notation::Session& declared, const Question& question) {
  for (const auto& [name, value] : values) {
    if (declared.symbols().find(name) != nullptr || question.formula.symbol(name) != nullptr ||
        question.session.symbols().is_size(name))
      continue;
    std::string known;
    for (const auto& s : question.formula.symbols) known += (known.empty() ? "" : ", ") + s.name;
    throw InputError("error: a value is given for " + name + ", which does not occur in " +
                     question.formula.text + (known.empty() ? "" : " (its names are " + known + ")") + "\n");
  }
}

nlohmann::json nested_lists(const Array& array, const std::vector<std::int64_t>& shape) {
  if (shape.empty()) return array.data[0];
  std::vector<std::int64_t> stride(shape.size(), 1);
  for (std::size_t k = 1; k < stride.size(); ++k) stride[k] = stride[k - 1] * shape[k - 1];
  const std::function<nlohmann::json(std::size_t, std::int64_t)> list = [&](std::size_t axis,
                                                                            std::int64_t offset) {
    nlohmann::json out = nlohmann::json::array();
    for (std::int64_t k = 0; k < shape[axis]; ++k) {
      const std::int64_t at = offset + k * stride[axis];
      if (axis + 1 == shape.size()) {
        out.push_back(array.data[static_cast<std::size_t>(at)]);
      } else {
        out.push_back(list(axis + 1, at));
      }
    }
    return out;
  };
  return list(0, 0);
}

}  // namespace adjoint::app

#include "app/picture.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "app/program_text.hpp"
#include "programs/modes.hpp"

namespace adjoint::app {
namespace {

constexpr std::size_t kDrawn = 80;  // operations; more are folded
constexpr std::size_t kLongestLabel = 44;

std::string quoted(const std::string& s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string shape_label(Expr e) {
  std::string out;
  for (const auto& s : e.shape()) out += (out.empty() ? "" : "×") + s.text();
  return out;
}

// What a node is, and how far from the inputs.
struct Drawing {
  std::vector<Expr> nodes;  // inputs that are used, then names of lines
  std::map<const Node*, std::vector<Expr>> operands;
  std::map<const Node*, int> uses;
  std::map<const Node*, int> depth;
  int deepest = 0;
};

Drawing drawing_of(const StraightLine& p) {
  Drawing d;
  std::set<const Node*> used;
  for (const auto& line : p.lines) {
    for (const auto& v : topological(std::span(&line.value, 1))) {
      if (v->kind == Kind::Variable) used.insert(v.get());
    }
  }
  for (const auto& x : p.inputs) {
    if (used.contains(x.get())) d.nodes.push_back(x);
  }
  for (const auto& line : p.lines) {
    int depth = 0;
    for (const auto& v : topological(std::span(&line.value, 1))) {
      if (v->kind != Kind::Variable) continue;
      d.operands[line.name.get()].push_back(v);
      ++d.uses[v.get()];
      depth = std::max(depth, d.depth[v.get()]);
    }
    d.depth[line.name.get()] = depth + 1;
    d.deepest = std::max(d.deepest, depth + 1);
    d.nodes.push_back(line.name);
  }
  return d;
}

}  // namespace

std::string dot(const Question& question, const StraightLine& program, Overlay overlay) {
  const Drawing d = drawing_of(program);
  std::map<const Node*, std::string> labels;
  const auto shown = shown_lines(question, program);
  for (std::size_t k = 0; k < shown.size(); ++k) {
    std::string label = text(shown[k]);
    if (label.size() > kLongestLabel) label = label.substr(0, kLongestLabel - 1) + "…";
    labels[program.lines[k].name.get()] = label;
  }
  // Depths in the middle of a deep graph are one node.
  int fold_from = d.deepest + 1;
  int fold_to = 0;
  std::size_t folded = 0;
  if (program.lines.size() > kDrawn) {
    // About half of what is drawn at either end.
    const double density = static_cast<double>(program.lines.size()) / d.deepest;
    const int kept = std::max(2, static_cast<int>(static_cast<double>(kDrawn) / 4 / density));
    fold_from = kept + 1;
    fold_to = d.deepest - kept;
    for (const auto& line : program.lines) {
      const int depth = d.depth.at(line.name.get());
      folded += depth >= fold_from && depth <= fold_to ? 1 : 0;
    }
  }
  const auto is_folded = [&](Expr e) {
    const auto at = d.depth.find(e.get());
    return folded > 0 && at != d.depth.end() && at->second >= fold_from && at->second <= fold_to;
  };
  const auto id = [&](Expr e) { return is_folded(e) ? std::string("\"folded\"") : quoted(e->name()); };

  std::string out =
      "digraph program {\n  rankdir=TB; nodesep=0.35; ranksep=0.45;\n"
      "  node [fontname=\"DejaVu Sans Mono\", fontsize=11, shape=box, style=\"rounded\", "
      "color=\"#3b6ea5\"];\n"
      "  edge [fontname=\"DejaVu Sans\", fontsize=9, color=\"#777777\", fontcolor=\"#555555\", "
      "arrowsize=0.7];\n";
  for (const auto& e : d.nodes) {
    if (is_folded(e)) continue;
    const bool line = labels.contains(e.get());
    const bool shared = d.uses.contains(e.get()) && d.uses.at(e.get()) > 1;
    const bool last = !program.outputs.empty() && e == program.outputs[0];
    out += "  " + quoted(e->name()) + " [label=" + quoted(line ? labels.at(e.get()) : e->name());
    if (!line) out += ", shape=ellipse, style=filled, fillcolor=\"#eef3f8\"";
    if (line && shared)
      out += ", peripheries=2, style=\"rounded,filled\", fillcolor=\"#fff6dd\", tooltip=\"shared\"";
    if (last) out += ", penwidth=2";
    out += "];\n";
  }
  if (folded > 0) {
    out += "  \"folded\" [label=" +
           quoted("… " + std::to_string(folded) + " operations, depths " + std::to_string(fold_from) +
                  " to " + std::to_string(fold_to) + ", folded") +
           ", shape=note, style=dashed];\n";
  }
  std::set<std::pair<std::string, std::string>> drawn;
  for (const auto& line : program.lines) {
    const auto at = d.operands.find(line.name.get());
    if (at == d.operands.end()) continue;
    for (const auto& v : at->second) {
      const std::string from = id(v);
      const std::string to = id(line.name);
      if (from == to || !drawn.insert({from, to}).second) continue;
      const std::string shape = shape_label(v);
      out +=
          "  " + from + " -> " + to + (shape.empty() ? "" : " [label=" + quoted(" " + shape) + "]") + ";\n";
      if (overlay == Overlay::None || from == "\"folded\"" || to == "\"folded\"") continue;
      const bool forward = overlay == Overlay::Forward;
      const std::string name = forward ? tangent_name(v) : adjoint_name(line.name);
      out += "  " + (forward ? from + " -> " + to : to + " -> " + from) + " [label=" + quoted(" " + name) +
             ", style=dashed, constraint=false, color=" + (forward ? "\"#b3541e\"" : "\"#7a3fa0\"") +
             ", fontcolor=" + (forward ? "\"#b3541e\"" : "\"#7a3fa0\"") + "];\n";
    }
  }
  return out + "}\n";
}

namespace {
// A file that is gone with its scope.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    const char* directory = std::getenv("TMPDIR");
    path_ = std::string(directory != nullptr && *directory != '\0' ? directory : "/tmp") + "/adjoint-XXXXXX";
    const int file = mkstemp(path_.data());
    if (file < 0) throw NoAnswer("error: no temporary file can be made at " + path_ + "\n");
    std::FILE* stream = fdopen(file, "w");
    std::fwrite(content.data(), 1, content.size(), stream);
    std::fclose(stream);
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};
}  // namespace

std::string svg(const std::string& dot) {
  const TemporaryFile source(dot);
  const std::string command = "dot -Tsvg '" + source.path() + "' 2>/dev/null";
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  std::array<char, 65536> buffer{};
  while (pipe != nullptr) {
    const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe);
    if (n == 0) break;
    out.append(buffer.data(), n);
  }
  const int status = pipe == nullptr ? -1 : pclose(pipe);
  if (status != 0 || out.find("<svg") == std::string::npos) {
    throw NoAnswer(
        "error: Graphviz's program dot is not there or failed; it is in Debian's package graphviz "
        "(--format dot and --format text do without it)\n");
  }
  return out;
}

}  // namespace adjoint::app

#include "app/rows.hpp"

#include <sstream>

#include "app/page.hpp"

namespace adjoint::app {

using json = nlohmann::ordered_json;

json proof_of(const std::vector<ProofLine>& proof, const Say& say) {
  json lines = json::array();
  for (const auto& line : proof) lines.push_back(proof_text(line, say));
  return lines;
}

std::string joined(const json& list) {
  std::string s;
  for (const auto& e : list) s += (s.empty() ? "" : "; ") + e.get<std::string>();
  return s;
}

std::string as_text(const std::vector<Row>& rows) {
  std::ostringstream out;
  for (const auto& r : rows)
    out << r.what << std::string(r.what.size() < 22 ? 22 - r.what.size() : 1, ' ') << r.says << "\n";
  return out.str();
}
std::string as_table(const std::vector<Row>& rows) {
  std::string out = "<table class=\"data\">\n";
  for (const auto& r : rows)
    out += "<tr><td>" + escaped(r.what) + "</td><td>" + escaped(r.says) + "</td></tr>\n";
  return out + "</table>\n";
}

}  // namespace adjoint::app

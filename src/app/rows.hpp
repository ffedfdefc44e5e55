// Answers of `analyse` and `limit` as rows: what, and what is said of it.
#pragma once

#include <string>
#include <vector>

#include "analysis/analyse.hpp"
#include "app/commands.hpp"

namespace adjoint::app {

struct Row {
  std::string what, says;
};
std::string as_text(const std::vector<Row>& rows);
std::string as_table(const std::vector<Row>& rows);

nlohmann::ordered_json proof_of(const std::vector<ProofLine>& proof, const Say& say);
/// Texts with semicolons between.
std::string joined(const nlohmann::ordered_json& list);

}  // namespace adjoint::app

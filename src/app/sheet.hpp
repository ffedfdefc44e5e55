// Sheets: a file of declarations, definitions, prose and requests worked through into one page
// (docs/sheets.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "notation/notation.hpp"

namespace adjoint::app {

/// One line (or several joined) of a sheet.
struct SheetItem {
  enum class Kind : std::uint8_t { Heading, Prose, Statement, Reset, Request } kind = Kind::Statement;
  int level = 0;          // Heading
  std::string text;       // heading, paragraph, statement
  notation::Place place;  // of the text in the file
  std::string keyword;    // Request
  notation::Place expression;
  std::string style;  // steps: "", "definition", "chain"
  std::vector<std::string> variables;
  int order = 1;
  std::string on, as, at;
  bool refuse = false;
  std::string wrong;  // what is wrong with its clauses, or nothing
};

/// The words that a line may begin with to be a request.
std::vector<std::string> request_words();

/// The items of a sheet, in order. Lines that cannot be read come back as statements, which then fail.
std::vector<SheetItem> parse_sheet(const std::string& text);

struct SheetOptions {
  std::string file, output = "report.html";
  bool progress = false;
};

/// Works through the sheet, writes the page (to a temporary file, then renamed) and returns the summary and
/// the exit status: 0 all answered and checked, 1 a request had no answer or failed, 2 a line was wrong.
std::pair<std::string, int> run_sheet(const SheetOptions& options);

/// Writes a file by way of a temporary one beside it, so that an older file is replaced whole or not at all.
/// Throws InputError.
void write_file(const std::string& path, const std::string& content);

}  // namespace adjoint::app

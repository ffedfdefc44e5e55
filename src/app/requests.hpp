// Requests of sheets beyond derivatives: analyses, limits, programs.
#pragma once

#include <string>

#include "app/commands.hpp"
#include "app/sheet.hpp"

namespace adjoint::app {

/// Whether `in x, A` is one question about all of them.
bool treats_variables_together(std::string_view keyword);
/// The answer as HTML; `good` becomes false where a check failed. Throws InputError, NoAnswer.
std::string further_request(const SheetItem& item, Question question, const std::string& variable,
                            bool& good);
/// Where the function of a worked question is defined and differentiable, as HTML.
std::string domain_page(const Worked& worked);

}  // namespace adjoint::app

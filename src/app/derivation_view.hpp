// Derivations for the command line and for pages.
#pragma once

#include <string>

#include "app/commands.hpp"
#include "derivation/derivation.hpp"

namespace adjoint::app {

/// The derivation of a worked question; `style` is "", "definition" or "chain". Throws NoAnswer.
derivation::Derivation steps_of(const Worked& worked, const std::string& style);
/// As a table with MathML.
std::string steps_page(const derivation::Derivation& derivation);

}  // namespace adjoint::app

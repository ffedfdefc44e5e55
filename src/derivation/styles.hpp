// The three styles, each writing its lines into the scribe.
#pragma once

#include "derivation/scribe.hpp"

namespace adjoint::derivation {

void by_differential(Scribe& s);
void by_definition(Scribe& s);
void by_chain(Scribe& s);

}  // namespace adjoint::derivation

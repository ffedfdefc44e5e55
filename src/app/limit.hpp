// `limit`: what becomes of a function, and of its gradient, as a parameter goes to a number or to infinity.
#pragma once

#include "app/analyse.hpp"

namespace adjoint::app {

/// The parameter and where it goes: 'eps -> 0', 'x -> pi/2', 'n -> inf'. Throws InputError.
std::pair<Expr, Target> target_of(const Question& question, const std::string& as);

/// Scalars at random points in 350 digits; nothing where that would take long.
Sampler sampler_of(const Question& question);

nlohmann::ordered_json limit_part(const Limit& limit, const Say& say);

}  // namespace adjoint::app

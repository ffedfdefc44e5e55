// Plots as SVG: no script, no library, fit for print.
#pragma once

#include <string>
#include <vector>

namespace adjoint::app {

struct Plot {
  std::string x, y;  // what the axes say
  struct Curve {
    std::string label;
    std::vector<double> x, y;
  };
  std::vector<Curve> curves;
};

/// Both axes logarithmic, with decades marked. Points that are not positive are left out.
std::string log_log(const Plot& plot);

}  // namespace adjoint::app

#include "app/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "app/page.hpp"

namespace adjoint::app {
namespace {

constexpr double kWidth = 640, kHeight = 340, kLeft = 70, kRight = 200, kTop = 16, kBottom = 46;
constexpr std::array<const char*, 6> kColours{"#3b6ea5", "#b3541e", "#2d6a32",
                                              "#7a3fa0", "#8a5a00", "#555555"};
constexpr std::array<const char*, 3> kDashes{"", "6 3", "2 3"};

std::string number(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", v);
  return text;
}

// Decades that hold all values.
struct Scale {
  double low = 1e300, high = -1e300;
  double from = 0, to = 1;
  void add(double v) {
    if (!(v > 0) || !std::isfinite(v)) return;
    low = std::min(low, std::log10(v));
    high = std::max(high, std::log10(v));
  }
  [[nodiscard]] double at(double v) const {
    const double span = std::max(high - low, 1e-9);
    return from + (std::log10(v) - low) / span * (to - from);
  }
};

std::string decade(int exponent) {
  if (exponent >= 0 && exponent <= 3)
    return std::to_string(static_cast<int>(std::lround(std::pow(10, exponent))));
  return "10<tspan dy=\"-5\" font-size=\"8\">" + std::string(exponent < 0 ? "−" : "") +
         std::to_string(std::abs(exponent)) + "</tspan>";
}

}  // namespace

std::string log_log(const Plot& plot) {
  Scale x, y;
  for (const auto& c : plot.curves) {
    for (const double v : c.x) x.add(v);
    for (const double v : c.y) y.add(v);
  }
  if (x.low > x.high || y.low > y.high) return "";
  y.low = std::floor(y.low);
  y.high = std::ceil(y.high);
  x.from = kLeft;
  x.to = kWidth - kRight;
  y.from = kHeight - kBottom;
  y.to = kTop;
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(kWidth) + " " +
                    number(kHeight) + "\" width=\"" + number(kWidth) +
                    "\" role=\"img\" font-family=\"DejaVu Sans, sans-serif\" font-size=\"11\">\n";
  const auto line = [&out](double x1, double y1, double x2, double y2, const char* style) {
    out += "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" +
           number(y2) + "\" " + style + "/>\n";
  };
  for (int d = static_cast<int>(std::ceil(x.low - 1e-9)); d <= static_cast<int>(std::floor(x.high + 1e-9));
       ++d) {
    const double at = x.at(std::pow(10, d));
    line(at, y.from, at, y.to, "stroke=\"#e3e3e3\"");
    out += "<text x=\"" + number(at) + "\" y=\"" + number(y.from + 17) + "\" text-anchor=\"middle\">" +
           decade(d) + "</text>\n";
  }
  for (int d = static_cast<int>(y.low); d <= static_cast<int>(y.high); ++d) {
    const double at = y.at(std::pow(10, d));
    line(x.from, at, x.to, at, "stroke=\"#e3e3e3\"");
    out += "<text x=\"" + number(x.from - 8) + "\" y=\"" + number(at + 4) + "\" text-anchor=\"end\">" +
           decade(d) + "</text>\n";
  }
  line(x.from, y.from, x.to, y.from, "stroke=\"#444\"");
  line(x.from, y.from, x.from, y.to, "stroke=\"#444\"");
  out += "<text x=\"" + number((x.from + x.to) / 2) + "\" y=\"" + number(kHeight - 8) +
         "\" text-anchor=\"middle\">" + escaped(plot.x) + "</text>\n";
  out += "<text transform=\"translate(14 " + number((y.from + y.to) / 2) +
         ") rotate(-90)\" text-anchor=\"middle\">" + escaped(plot.y) + "</text>\n";
  for (std::size_t k = 0; k < plot.curves.size(); ++k) {
    const auto& c = plot.curves[k];
    const std::string colour = kColours[k % kColours.size()];
    std::string points;
    for (std::size_t i = 0; i < std::min(c.x.size(), c.y.size()); ++i) {
      if (!(c.x[i] > 0) || !(c.y[i] > 0)) continue;
      const std::string px = number(x.at(c.x[i]));
      const std::string py = number(y.at(c.y[i]));
      points += px + "," + py + " ";
      out += "<circle cx=\"" + px + "\" cy=\"" + py + "\" r=\"2.6\" fill=\"" + colour + "\"/>\n";
    }
    const std::string dash = kDashes[k % kDashes.size()];
    out += "<polyline points=\"" + points + "\" fill=\"none\" stroke=\"" + colour +
           "\" stroke-width=\"1.6\"" + (dash.empty() ? "" : " stroke-dasharray=\"" + dash + "\"") + "/>\n";
    const double legend = kTop + 14 + 18 * static_cast<double>(k);
    out += "<line x1=\"" + number(x.to + 14) + "\" y1=\"" + number(legend - 4) + "\" x2=\"" +
           number(x.to + 36) + "\" y2=\"" + number(legend - 4) + "\" stroke=\"" + colour +
           "\" stroke-width=\"2\"" + (dash.empty() ? "" : " stroke-dasharray=\"" + dash + "\"") + "/>\n";
    out += "<text x=\"" + number(x.to + 42) + "\" y=\"" + number(legend) + "\">" + escaped(c.label) +
           "</text>\n";
  }
  return out + "</svg>\n";
}

}  // namespace adjoint::app

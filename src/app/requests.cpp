#include "app/requests.hpp"

#include "app/analyse.hpp"
#include "app/explain.hpp"
#include "app/page.hpp"

namespace adjoint::app {

bool treats_variables_together(std::string_view keyword) {
  return keyword == "explain" || keyword == "measure";
}

std::string further_request(const SheetItem& item, Question question, const std::string& variable,
                            bool& /*good*/) {
  AnalyseOptions o;
  o.wrt = variable;
  o.on = item.on;
  o.as = item.as;
  if (item.keyword == "analyse") return analysis_page(question, o);
  if (item.keyword == "limit") return limit_page(question, o);
  if (treats_variables_together(item.keyword)) {
    ExplainOptions e;
    e.wrt = variable;
    e.measure = item.keyword == "measure";
    return explain_page(std::move(question), e);
  }
  throw NoAnswer("error: " + item.keyword + " is not available\n");
}

std::string domain_page(const Worked& worked) {
  const DomainTexts domain = domain_texts(worked.question, worked.variable, 1);
  const auto list = [&domain](const std::vector<std::string>& conditions) {
    std::string s;
    for (const auto& c : conditions) {
      const bool sentence = c == "everywhere" || c == "nowhere";
      s += (s.empty() ? "" : ", ") + (sentence ? c : "<code>" + escaped(c) + "</code>");
      if (marked(c, domain) != c) s += " (sufficient)";
    }
    return s;
  };
  return "<p class=\"note\">defined: " + list(domain.defined) +
         "; differentiable: " + list(domain.differentiable) + "</p>\n";
}

}  // namespace adjoint::app

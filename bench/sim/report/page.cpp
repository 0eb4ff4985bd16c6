#include "report/page.hpp"

#include <string_view>

#include "support/assets.hpp"

namespace weir::sim {
namespace {

// "</script>" in a text would end the element it stands in; JSON knows another way to write a
// slash.
std::string WithoutEndTags(std::string json) {
  for (std::size_t at = json.find("</"); at != std::string::npos; at = json.find("</", at + 3)) {
    json.replace(at, 2, "<\\/");
  }
  return json;
}

void Insert(std::string &page, std::string_view mark, std::string_view content) {
  const std::size_t at = page.find(mark);
  if (at != std::string::npos) page.replace(at, mark.size(), content);
}

}  // namespace

std::string MakePage(const nlohmann::ordered_json &document) {
  std::string page(Asset("page/report.html"));
  Insert(page, "/*STYLE*/", Asset("page/style.css"));
  const std::string data = WithoutEndTags(
      document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  // From the end of the page to its beginning: what was inserted is not searched again.
  std::string scripts;
  for (const char *name : {"vendor/d3.min.js", "vendor/plot.umd.min.js", "page/format.js",
                           "page/charts.js", "page/tables.js", "page/report.js"}) {
    scripts += "<script>\n";
    scripts += Asset(name);
    scripts += "\n</script>\n";
  }
  Insert(page, "<!--SCRIPTS-->", scripts);
  Insert(page, "/*DATA*/", data);
  return page;
}

}  // namespace weir::sim

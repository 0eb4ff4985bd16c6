#include "command/files.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "report/compare.hpp"
#include "report/document.hpp"
#include "report/page.hpp"
#include "support/files.hpp"

namespace weir::sim {
namespace {

Json ReadDocument(const std::string &path) {
  Json document = Json::parse(ReadFile(path), nullptr, false);
  if (document.is_discarded()) throw Failure(Exit::kUsage, "{} is no JSON", path);
  return document;
}

}  // namespace

Exit CompareFiles(const std::string &before, const std::string &after, double percent) {
  const std::vector<Change> changes = Compare(ReadDocument(before), ReadDocument(after), percent);
  bool is_worse = false;
  fmt::print("{:<18} {:>12} {:>12} {:>10}\n", "", "before", "after", "change");
  for (const Change &change : changes) {
    fmt::print("{:<18} {:>9.3f} {:<2} {:>9.3f} {:<2} {:>+8.1f} %{}\n", change.what, change.before,
               change.unit, change.after, change.unit, change.percent,
               change.is_regression ? "  REGRESSION" : "");
    is_worse = is_worse || change.is_regression;
  }
  fmt::print("{}\n",
             is_worse ? fmt::format("worse by more than {} %", percent)
                      : fmt::format("no regression: nothing is worse by more than {} %", percent));
  return is_worse ? Exit::kRegression : Exit::kOk;
}

Exit ReportFile(const std::string &path, const std::string &output) {
  const Json document = ReadDocument(path);
  if (!IsDocument(document)) {
    throw Failure(Exit::kUsage, "{} is no result of this weirsim", path);
  }
  std::filesystem::path page = output;
  if (output.empty()) page = std::filesystem::path(path).replace_extension(".html");
  WriteFile(page, MakePage(document));
  fmt::print("report: {}\n", page.string());
  return Exit::kOk;
}

}  // namespace weir::sim

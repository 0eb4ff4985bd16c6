#include "report/compare.hpp"

#include "report/document.hpp"
#include "support/failure.hpp"

namespace weir::sim {
namespace {

constexpr const char *kMustAgree[] = {"scenario", "mode",    "mix", "writes",
                                      "scale",    "clients", "rate"};

struct Figure {
  const char *name;
  const char *what;
  const char *unit;
  bool more_is_better;
};
constexpr Figure kFigures[] = {{"throughput", "throughput", "/s", true},
                               {"avg_ms", "average latency", "ms", false},
                               {"p95_ms", "p95", "ms", false},
                               {"p99_ms", "p99", "ms", false}};

void CheckDocument(const Json &document, const char *which) {
  if (!IsDocument(document))
    throw Failure(Exit::kUsage, "the {} file is no result of this weirsim", which);
}

}  // namespace

std::vector<Change> Compare(const Json &before, const Json &after, double percent) {
  CheckDocument(before, "first");
  CheckDocument(after, "second");
  for (const char *name : kMustAgree) {
    const Json &one = before["configuration"][name];
    const Json &other = after["configuration"][name];
    if (one != other) {
      throw Failure(Exit::kUsage,
                    "these runs did different things: {} is {} in the first and {} in "
                    "the second",
                    name, one.dump(), other.dump());
    }
  }
  std::vector<Change> changes;
  for (const Figure &figure : kFigures) {
    Change change = {figure.what, figure.unit, before["total"][figure.name],
                     after["total"][figure.name]};
    if (change.before > 0) change.percent = (change.after / change.before - 1) * 100;
    change.is_regression =
        figure.more_is_better ? change.percent < -percent : change.percent > percent;
    changes.push_back(change);
  }
  return changes;
}

}  // namespace weir::sim

// What the steps of one query have cost and done, in shared memory. The query's worker writes,
// everybody reads.
#pragma once

#include "core/record/latency_histogram.hpp"
#include "core/shared/shared_layout.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

struct StepFigures {
  core::SharedU64 groups{0};  // rows of the state that were inserted or changed
  core::SharedU64 split{0};   // steps spread over several processes
  core::SharedU64 failures{0};
  core::SharedU64 longest_us{0};
  core::SharedU32 durations[core::LatencyHistogram::kBuckets]{};
};

void ResetFigures(StepFigures &figures);
void CountStep(StepFigures &figures, uint64 groups, uint64 us);
core::LatencyHistogram DurationsOf(const StepFigures &figures);

}  // namespace weir::continuous

// weir.histogram as it is stored: a variable-length value that holds LatencyHistogram::Encode().
#pragma once

#include "core/record/latency_histogram.hpp"
#include "pg/compat.hpp"

namespace weir::stats {

// Adds a stored histogram. Raises when its bytes are damaged.
void MergeStored(core::LatencyHistogram &into, const varlena *stored);

// A value of its own, in the current memory context.
varlena *StoreHistogram(const core::LatencyHistogram &histogram);

}  // namespace weir::stats

// Numbers for kinds of statements: rows of weir.rollup_kinds.
#pragma once

#include <cstdint>

#include "stats/shared_state.hpp"

namespace weir::stats {

// The number of the kind of this record, a new one if need be. In the caller's transaction with
// SPI connected. When more kinds were met today than weir.max_rollup_kinds, the number is that of a
// kind that keeps role, command and success apart, and nothing else.
std::int64_t KindOf(const DatabaseSlot &slot, const core::QueryRecord &record);

// What is known of kinds is forgotten: after a failure, and when the table may have changed.
void ForgetKinds();

}  // namespace weir::stats

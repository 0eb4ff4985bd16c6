// The daily partitions of weir.query_stats: made ahead of time, dropped after their time.
#pragma once

#include <cstddef>

#include "core/record/query_record.hpp"

namespace weir::stats {

// All run in the caller's transaction, with SPI connected. Days are days of UTC.

// Makes the partitions that these records need.
void EnsurePartitions(const core::QueryRecord *records, std::size_t count);

// Makes the partitions of today and the next two days.
void MakePartitionsAhead();

// Drops partitions whose last moment is longer ago than weir.retention. Returns true when there
// were any.
bool DropExpired();

// Deletes texts that neither a record nor a roll-up refers to.
void DropUnusedTexts();

// What is known of existing partitions is forgotten; for after a failure.
void ForgetPartitions();

}  // namespace weir::stats

// Encodes records in COPY's binary format.
#pragma once

#include <cstddef>

#include "pg/pg.hpp"
#include "stats/shared_state.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
}

namespace weir::stats {

// Appends header, rows and trailer, ready for COPY ... (FORMAT binary) with the columns of
// EncodedColumns(). Names come from the slot's string tables.
void EncodeRecords(StringInfo out, const DatabaseSlot &slot, const core::QueryRecord *records,
                   std::size_t count);

// The columns of weir.query_stats that are written, in order, as a list of String nodes.
List *EncodedColumns();

}  // namespace weir::stats

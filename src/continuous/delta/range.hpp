// Where the new rows of one table may lie for a query.
#pragma once

#include "continuous/delta/new_rows.hpp"
#include "continuous/frontier/arrivals.hpp"
#include "continuous/frontier/frontier.hpp"

namespace weir::continuous {

// What is stored of the file that the table has now.
struct KnownFile {
  bool is_known;
  FullTransactionId settled_at;
};

// Of rows from `h` on; what ticks and readers share.
NewRange RangeFrom(FullTransactionId h, int32 query_id, Relation relation, Snapshot snapshot,
                   KnownFile *file);

// The same of a table that has come with rows, which [h, h1) consumes, or nothing of it.
void ApplyArrival(NewRange *range, const Arrival &arrival);

// What a reader with this snapshot finds beside the query's results.
NewRange RangeOfReader(int32 query_id, Relation relation, Snapshot snapshot, KnownFile *file);

// Whose rows count: with or without those of the current transaction.
enum class Whose : uint8 { kAll, kOthers };

// The same where steps have got as far as `seen` without a need to store it.
NewRange RangeBeyond(FullTransactionId seen, int32 query_id, Relation relation, Snapshot snapshot,
                     KnownFile *file);

// Whether there are rows that the query has not consumed.
bool HasNewRows(int32 query_id, Relation relation, Whose whose = Whose::kAll,
                FullTransactionId seen = InvalidFullTransactionId);

}  // namespace weir::continuous

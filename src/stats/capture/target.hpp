// Which table and column a statement is about.
#pragma once

#include "core/record/query_record.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "nodes/plannodes.h"
}

namespace weir::stats {

struct Target {
  core::NameId table = 0;
  core::NameId field = 0;
};

// The table a statement writes, else the largest it scans, and the first of its columns that the
// statement restricts, in the order of the query's text; 0 when there is none. Partitions and
// inheritance children count as the table the query names. Found once per query id.
// Needs IsRecording() and a transaction.
Target TargetOf(const PlannedStmt *statement, const List *range_table);

// A table by name, as TargetOf() names it: with its schema unless that is public.
core::NameId TableName(Oid relation);

// Called once, from _PG_init.
void InstallTargetCache();

}  // namespace weir::stats

// Finds in a finished plan the table it is about.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/attnum.h"
#include "nodes/plannodes.h"
}

namespace weir::stats {

struct PlanTarget {
  Oid relation = InvalidOid;
  AttrNumber attribute = InvalidAttrNumber;  // of `relation`, even if a child was scanned
};

PlanTarget FindPlanTarget(const PlannedStmt *statement, const List *range_table);

}  // namespace weir::stats

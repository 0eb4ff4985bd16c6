// The step of a query over one row that is given, in place of the new rows of its source.
#pragma once

#include "continuous/catalog/catalog.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "nodes/plannodes.h"
}

namespace weir::continuous {

// The row is a parameter, a jsonb, and is merged even if it is late. With the rights of the owner.
PlannedStmt *PlanForOneRow(const QueryRow &query);

void RunForRow(PlannedStmt *plan, Datum row);

}  // namespace weir::continuous

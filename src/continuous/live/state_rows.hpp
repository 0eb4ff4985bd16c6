// The rows of a state, read from its pages with as little as possible between a page and what is
// made of its rows.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

namespace weir::continuous {

struct StateRows;

// Null where the plan does more than to read all rows of a heap table as they are stored: then it
// is run like any other. Only the `columns` of the rows are wanted.
StateRows *MakeStateRows(PlanState *plan, const AttrNumber *columns, int count);

// The next row, valid until the next call, in a slot without a tuple. Null after the last one.
TupleTableSlot *NextStateRow(StateRows *rows);

// After the plan was told to begin anew.
void RestartStateRows(StateRows *rows);

}  // namespace weir::continuous

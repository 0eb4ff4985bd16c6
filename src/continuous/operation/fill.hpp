// Filling a query's state from the rows there are, in view of everybody.
#pragma once

#include "continuous/shared/progress.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
}

namespace weir::continuous {

struct FillTask {
  Work work;
  int32 query_id;
  Oid source;
};

// Runs the INSERT at the horizon; weir.progress shows how far it is, and weir.query_metrics what it
// took. As the query's owner.
void Fill(const FillTask &task, const char *sql, FullTransactionId horizon);

}  // namespace weir::continuous

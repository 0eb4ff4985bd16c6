// The helpers of a step in lanes: parallel workers that read new rows, each its share of the pages,
// and send the groups they make of them to the leader.
#pragma once

#include "continuous/delta/shares.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "access/parallel.h"
#include "executor/tqueue.h"
#include "nodes/pg_list.h"
#include "utils/tuplestore.h"
}

namespace weir::continuous {

struct Helpers {
  ParallelContext *context;
  Shares *shares;
  shm_mq_handle **queues;
};

// In parallel mode. As many as the server lets us have start, maybe none: whoever is there reads
// everything.
void StartHelpers(Helpers *helpers, const Tick &tick, const List *sources, int count);

// Collects their rows until all have ended. Raises what any of them has raised.
void ReceiveRows(Helpers *helpers, TupleDesc columns, Tuplestorestate *rows);
void EndHelpers(Helpers *helpers);

// The leader's own share.
void ReadNewRows(int32 query_id, Tuplestorestate *rows);

}  // namespace weir::continuous

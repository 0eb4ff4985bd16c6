// New rows of a table: the marker weir.delta(tableoid, query) in a WHERE clause makes a scan return
// the rows that a continuous query has not consumed. docs/capture.md
// tells why none is missed.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xlogdefs.h"
#include "utils/snapshot.h"
}

namespace weir::continuous {

// One step of a query: it consumes the rows of transactions in [h0, h1).
struct Tick {
  int32 query_id;
  FullTransactionId h0;
  FullTransactionId h1;
  XLogRecPtr lsn_low;      // no transaction from h0 on has written at or below it
  FullTransactionId seen;  // earlier steps have found the rows below it, and stored nothing
  int64 rows_found;        // by the scans so far, before other conditions
  int64 rows_again;        // of those, the ones below `seen`
  int64 pages_read;
  int64 pages_skipped;
  bool is_saved;  // CloseTick() wrote the frontier; false: it needed no transaction id
};

enum class TickStart : uint8 {
  kIdle,   // no transaction has ended since the last tick: there is nothing to do
  kOpen,   // run the statement, then CloseTick()
  kStale,  // the hold was lost: rows may be missing, the query has to be rebuilt
};

// Called once, from _PG_init.
void InstallDelta();

// Opens a tick: in a fresh transaction under READ COMMITTED that has no transaction id yet. Locks
// the query against other ticks until the transaction ends. Until CloseTick(), scans marked with
// this query give the rows of [h0, h1).
// `longest`, when not 0, bounds how many transactions the tick spans.
TickStart OpenTick(int32 query_id, Tick *tick, uint64 longest = 0);

// Writes the frontier; the caller commits results and frontier together. A transaction that has
// written nothing stays without a transaction id and advances in memory, unless the stored frontier
// has fallen far behind. Fills in the tick's counters.
void CloseTick(Tick *tick);

// Forgets the open tick. The end of the transaction does the same.
void AbortTick();

// What every transaction of this database below has ended: the horizon of a new query. Others do
// not count, as they do not for vacuum, which may have removed what those below do not see any
// more. Taken under a fresh snapshot in READ COMMITTED, after AcquireHold().
FullTransactionId CurrentHorizon();

// A registered snapshot that sees exactly the transactions below `h`, for filling a new query from
// the rows there are. Only while a snapshot of this process holds `h`. For SPI_execute_snapshot().
Snapshot RegisterHorizonSnapshot(FullTransactionId h);

// A query's frontier, in the current transaction. `source` is the table whose rows it consumes;
// its files are known from then on. Several sources: AddSource() for the others.
void InitFrontier(int32 query_id, FullTransactionId h, Oid source = InvalidOid);
void AddSource(int32 query_id, Oid source);
void DropFrontier(int32 query_id);

// From here on only a rebuild helps; until then neither steps nor readers get anything.
void MakeStale(int32 query_id);

// The latest committed frontier of a query, for views of its state. False: there is none.
bool ReadFrontier(int32 query_id, FullTransactionId *h);

// Raises unless new rows of the relation can be told from old ones: an ordinary permanent table of
// the heap, or a partitioned table of such, on a server that keeps what is needed.
void RequireWatchable(Oid relation);

}  // namespace weir::continuous

// What the workers of continuous queries keep in shared memory: a place for each worker that is
// wanted, and one for each query that is kept.
#pragma once

#include <atomic>
#include <cstdint>

#include "continuous/shared/figures.hpp"
#include "core/shared/shared_layout.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
#include "storage/condition_variable.h"
#include "storage/lwlock.h"
}

namespace weir::continuous {

using core::SharedU32;
using core::SharedU64;
using SharedI32 = std::atomic<std::int32_t>;
using SharedI64 = std::atomic<std::int64_t>;

// A worker of one database: it keeps the queries of one owner, or, for no owner, it is the keeper:
// it finds out whose workers are wanted, tidies up after queries that are gone, and leaves.
struct alignas(core::kCacheLineBytes) WorkerPlace {
  // Under Shared::lock; read without. No database: the place is free.
  SharedU32 database{InvalidOid};
  SharedU32 owner{InvalidOid};
  SharedI32 pauses{0};  // sessions that need the database free of our workers

  // The worker; the launcher clears them when the worker is gone.
  SharedI32 pid{0};
  SharedI32 process{-1};  // number in the server's process array
  SharedU64 rounds{0};    // times it has looked for something to do

  // Whoever wants something of the worker.
  alignas(core::kCacheLineBytes) SharedU32 changed{0};  // a transaction has ended
  SharedU32 hurry{0};    // somebody waits: do not wait for the next tick
  SharedU32 reload{0};   // queries have come, gone or changed
  SharedU32 blocked{0};  // the worker's own: transactions of any database matter
};

// A query's progress since its worker started; the worker's own.
struct alignas(core::kCacheLineBytes) QueryPlace {
  SharedU32 database{InvalidOid};  // under Shared::lock
  SharedI32 query_id{0};           // likewise
  SharedU32 owner{InvalidOid};
  SharedI32 worker_pid{0};
  SharedU64 frontier{0};
  SharedI64 checked_at{0};
  SharedI64 caught_up_at{0};
  SharedU64 ticks{0};
  SharedU64 rows{0};
  SharedU64 last_us{0};
  SharedU64 total_us{0};
  StepFigures figures;

  ConditionVariable logged;  // whoever waits for changes of the result
};

struct Shared {
  LWLock *lock;
  SharedU32 worker_count{0};     // places in use
  SharedU32 sweep_requested{0};  // a database was dropped: its hold goes
  SharedU32 slots_exhausted{0};  // the server had no background worker slot free
  SharedU32 unserved{0};         // somebody found no place free
  SharedU32 seen_count{0};       // of `seen`; under the lock
};

extern Shared *shared;

// Called once, from Install(): reserves the memory.
void RequestShared();

int WorkerPlaceCount();
WorkerPlace &WorkerPlaceAt(int index);
int QueryPlaceCount();
QueryPlace &QueryPlaceAt(int index);

// Makes sure that a worker is there for `owner` in `database`; InvalidOid asks for the keeper.
// False when all places are taken; then the launcher has keepers look again later. Raises nothing.
bool WantWorker(Oid database, Oid owner);

// The place of that worker, or null.
WorkerPlace *FindWorkerPlace(Oid database, Oid owner);

// Has that worker take its steps now. Raises nothing.
void HurryWorker(Oid database, Oid owner);

// Frees a place whose worker has nothing to do any more.
void FreeWorkerPlace(WorkerPlace &place);

// Tells all workers of a database to read the queries again.
void ReloadQueries(Oid database);

// Keeps a database's workers from starting, or, with -1, lets them.
void PauseWorkers(Oid database, int by);

// Forgets a database that is gone.
void ForgetDatabase(Oid database);

// The query's place, taken if need be; null when all are taken.
QueryPlace *TakeQueryPlace(Oid database, int32 query_id);
QueryPlace *FindQueryPlace(Oid database, int32 query_id);

// What the query's steps have left behind, stored or not; invalid where no worker has begun.
FullTransactionId SeenFrontier(Oid database, int32 query_id);
// Frees the query's place, if it has one: whoever finds first that the query is gone.
void FreeQueryPlace(Oid database, int32 query_id);

// Wakes who waits for changes of a query, or, with -1, of any query of the database.
void WakeFollowers(Oid database, int32 query_id);

// Whether a keeper has looked into the database since the server started; remembers it.
bool SeeDatabase(Oid database);

}  // namespace weir::continuous

#include "continuous/lanes/helpers.hpp"

#include <new>

#include "continuous/catalog/names.hpp"
#include "continuous/delta/tick_state.hpp"
#include "pg/compat.hpp"
#include "pg/failpoint.hpp"

extern "C" {
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "storage/shm_mq.h"
#include "storage/shm_toc.h"

PGDLLEXPORT void weir_lane_main(dsm_segment *segment, shm_toc *toc);
}

namespace weir::continuous {
namespace {

constexpr Size kQueueBytes = 65536;
enum Key : uint64 { kSharesKey = 1, kQueuesKey };

void Estimate(ParallelContext *context, Size shares) {
  shm_toc_estimate_chunk(&context->estimator, shares);
  shm_toc_estimate_chunk(&context->estimator, mul_size(kQueueBytes, Max(context->nworkers, 1)));
  shm_toc_estimate_keys(&context->estimator, 2);
}

Shares *MakeShares(shm_toc *toc, const Tick &tick, const List *sources) {
  const int count = list_length(sources);
  auto *shares = new (shm_toc_allocate(toc, BytesOfShares(count))) Shares{};
  shares->tick = tick;
  shares->progress = CurrentWork();
  shares->source_count = count;
  for (int i = 0; i < count; i++) {
    auto *source = new (&shares->sources[i]) SharedSource{};
    source->relation = list_nth_oid(sources, i);
  }
  shm_toc_insert(toc, kSharesKey, shares);
  return shares;
}

void MakeQueues(Helpers *helpers) {
  ParallelContext *context = helpers->context;
  auto *space = static_cast<char *>(
      shm_toc_allocate(context->toc, mul_size(kQueueBytes, Max(context->nworkers, 1))));
  shm_toc_insert(context->toc, kQueuesKey, space);
  helpers->queues = static_cast<shm_mq_handle **>(
      palloc0(sizeof(shm_mq_handle *) * static_cast<Size>(Max(context->nworkers, 1))));
  for (int i = 0; i < context->nworkers; i++) {
    shm_mq *queue = shm_mq_create(space + i * kQueueBytes, kQueueBytes);
    shm_mq_set_receiver(queue, MyProc);
    helpers->queues[i] = shm_mq_attach(queue, context->seg, nullptr);
  }
}

// Runs the view of new rows under the active snapshot.
void SendNewRows(int32 query_id, DestReceiver *receiver) {
  SPI_connect();
  SPIExecuteOptions options{};
  options.read_only = true;
  options.dest = receiver;
  const char *sql = psprintf("SELECT * FROM weir_state.%s", StateName(query_id, "_new"));
  const int code = SPI_execute_extended(sql, &options);
  if (code != SPI_OK_SELECT) elog(ERROR, "unexpected result of a lane: %d", code);
  SPI_finish();
}

void AddTo(Shares *shares, const Tick &tick) {
  shares->rows_found.fetch_add(static_cast<uint64>(tick.rows_found));
  shares->rows_again.fetch_add(static_cast<uint64>(tick.rows_again));
  shares->pages_read.fetch_add(static_cast<uint64>(tick.pages_read));
  shares->pages_skipped.fetch_add(static_cast<uint64>(tick.pages_skipped));
}

}  // namespace

void StartHelpers(Helpers *helpers, const Tick &tick, const List *sources, int count) {
  helpers->context = CreateParallelContext("pg_weir", "weir_lane_main", count);
  Estimate(helpers->context, BytesOfShares(list_length(sources)));
  InitializeParallelDSM(helpers->context);
  helpers->shares = MakeShares(helpers->context->toc, tick, sources);
  MakeQueues(helpers);
  LaunchParallelWorkers(helpers->context);
}

void ReadNewRows(int32 query_id, Tuplestorestate *rows) {
  DestReceiver *receiver = CreateDestReceiver(DestTuplestore);
  SetTuplestoreDestReceiverParams(receiver, rows, CurrentMemoryContext, false, nullptr, nullptr);
  SendNewRows(query_id, receiver);
  receiver->rDestroy(receiver);
}

void ReceiveRows(Helpers *helpers, TupleDesc columns, Tuplestorestate *rows) {
  TupleTableSlot *slot = MakeSingleTupleTableSlot(columns, &TTSOpsMinimalTuple);
  ParallelContext *context = helpers->context;
  for (int i = 0; i < context->nworkers_launched; i++) {
    shm_mq_set_handle(helpers->queues[i], context->worker[i].bgwhandle);
    TupleQueueReader *reader = CreateTupleQueueReader(helpers->queues[i]);
    bool is_done = false;
    while (!is_done) {
      MinimalTuple row = TupleQueueReaderNext(reader, false, &is_done);
      if (row == nullptr) continue;
      ExecStoreMinimalTuple(row, slot, false);
      tuplestore_puttupleslot(rows, slot);
    }
    DestroyTupleQueueReader(reader);
  }
  ExecDropSingleTupleTableSlot(slot);
  WaitForParallelWorkersToFinish(context);
}

void EndHelpers(Helpers *helpers) { DestroyParallelContext(helpers->context); }

}  // namespace weir::continuous

// In a helper, whose transaction, snapshot and rights are the leader's.
void weir_lane_main(dsm_segment *segment, shm_toc *toc) {
  using namespace weir::continuous;
  auto *shares = static_cast<Shares *>(shm_toc_lookup(toc, kSharesKey, false));
  auto *queues = static_cast<char *>(shm_toc_lookup(toc, kQueuesKey, false));
  auto *queue = reinterpret_cast<shm_mq *>(queues + ParallelWorkerNumber * kQueueBytes);
  shm_mq_set_sender(queue, MyProc);
  DestReceiver *receiver = CreateTupleQueueDestReceiver(shm_mq_attach(queue, segment, nullptr));
  const int32 query_id = shares->tick.query_id;
  AdoptTick(shares->tick);
  LendWork(shares->progress);
  JoinShares(shares);
  WEIR_FAILPOINT("lane.begin");
  SendNewRows(query_id, receiver);
  WEIR_FAILPOINT("lane.end");
  AddTo(shares, *OpenTickOf(query_id));
  LeaveShares();
  LendWork(nullptr);
  AbortTick();
  receiver->rDestroy(receiver);
}

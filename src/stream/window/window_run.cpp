// How a scan gets its results: streamed where rows arrive in order, else kept by key, else by
// PostgreSQL's own nodes.
#include "stream/window/window_state.hpp"

#include "pg/boundary.hpp"
#include "pg/owned.hpp"

extern "C" {
#include "executor/executor.h"
#include "executor/nodeHash.h"
}

namespace weir::stream {
namespace {

pg::ContextResource *NewResource(WindowScan *scan) {
  return pg::MakeOwned<pg::ContextResource>(scan->run_context, scan->run_context);
}

void NotePeak(WindowScan *scan, Size bytes) { scan->peak_bytes = Max(scan->peak_bytes, bytes); }

// Frames that end with the current row's peers end with the row itself when no row has a peer.
bool TiesMatter(const core::WindowPlan *plan, int longest_tie) {
  for (int i = 0; i < plan->function_count; ++i) {
    const core::WindowFunction &function = plan->functions[i];
    if (function.frame.to_peer && longest_tie >= function.order_columns) return true;
  }
  return false;
}

bool AllLookBack(const core::WindowPlan *plan) {
  for (int i = 0; i < plan->function_count; ++i) {
    if (!core::LooksBackOnly(plan->functions[i])) return false;
  }
  return true;
}

// Reads keys and order alone to see whether the rows may be taken as they come. What a key keeps
// must fit memory for all keys there are.
bool ArrivesInOrder(WindowScan *scan) {
  if (scan->order_source == nullptr || !AllLookBack(scan->streamed_plan)) return false;
  const Size limit = get_hash_memory_limit();
  core::WindowPlan &plan = *scan->plan;
  const core::RowLayout &layout = *scan->check_layout;
  auto &memory = static_cast<std::pmr::memory_resource &>(*NewResource(scan));
  auto *check = pg::MakeOwned<core::OrderCheck>(scan->run_context, memory, plan, layout, limit);
  Source *source = scan->order_source;
  BeginPass(&scan->input, source);
  bool in_order = true;
  while (in_order) {
    const int count = ReadBatch(&scan->input, source);
    if (count == 0) break;
    in_order = pg::CallCore([&] { return check->Add(source->set->columns, count); }) &&
               !TiesMatter(scan->plan, check->longest_tie());
    ReleaseBatch(&scan->input, source);
  }
  EndPass(source);
  scan->was_checked = true;
  NotePeak(scan, check->bytes());
  const double bytes = static_cast<double>(check->keys()) *
                       static_cast<double>(core::WindowEngine::BytesOfKey(*scan->streamed_plan));
  return in_order && bytes <= static_cast<double>(limit);
}

void MakeResults(WindowScan *scan) {
  auto &memory = static_cast<std::pmr::memory_resource &>(*NewResource(scan));
  core::WindowPlan &plan = *scan->plan;
  scan->results = pg::MakeOwned<core::WindowResults>(scan->run_context, memory, plan);
}

void StartStream(WindowScan *scan) {
  auto &memory = static_cast<std::pmr::memory_resource &>(*NewResource(scan));
  core::WindowPlan &plan = *scan->streamed_plan;
  scan->engine = pg::MakeOwned<core::WindowEngine>(scan->run_context, memory, plan);
  scan->columns = scan->source->set->columns;
  scan->mode = WindowMode::kStreamed;
  BeginPass(&scan->input, scan->source);
  scan->is_open = true;
}

// False when memory is full.
bool KeepRows(WindowScan *scan) {
  Source *source = scan->source;
  bool fits = true;
  BeginPass(&scan->input, source);
  scan->is_open = true;
  while (fits) {
    const int count = ReadBatch(&scan->input, source);
    if (count == 0) break;
    scan->rows_in += count;
    fits = pg::CallCore([&] { return scan->store->Add(source->set->columns, count); });
    ReleaseBatch(&scan->input, source);
    NotePeak(scan, scan->store->bytes());
  }
  EndPass(source);
  scan->is_open = false;
  return fits;
}

void MakeKeptColumns(WindowScan *scan) {
  if (scan->kept_columns != nullptr) return;
  MemoryContext old = MemoryContextSwitchTo(scan->input.css.ss.ps.state->es_query_cxt);
  const int count = scan->input.input_count;
  scan->kept_columns =
      static_cast<core::Column *>(palloc0(sizeof(core::Column) * static_cast<Size>(count + 1)));
  for (int i = 0; i < count; ++i) {
    CloneColumn(&scan->kept_columns[i], scan->source->set->columns[i]);
  }
  MemoryContextSwitchTo(old);
}

bool StartKept(WindowScan *scan) {
  auto &memory = static_cast<std::pmr::memory_resource &>(*NewResource(scan));
  core::WindowPlan &plan = *scan->plan;
  const core::RowLayout &layout = *scan->store_layout;
  core::Column *columns = scan->source->set->columns;
  const int count = scan->input.input_count;
  const Size limit = get_hash_memory_limit();
  scan->store = pg::MakeOwned<core::PartitionStore>(scan->run_context, memory, plan, layout,
                                                    columns, count, limit);
  if (!KeepRows(scan)) {
    scan->store = nullptr;
    return false;
  }
  pg::CallCore([&] { scan->store->Finish(); });
  scan->keys = scan->store->partition_count();
  scan->sorted_keys = scan->store->sorted_partitions();
  core::PartitionStore &store = *scan->store;
  scan->run = pg::MakeOwned<core::PartitionRun>(scan->run_context, memory, plan, store);
  MakeKeptColumns(scan);
  scan->columns = scan->kept_columns;
  scan->mode = WindowMode::kKept;
  return true;
}

// Nothing was given out yet, so the input is simply read again.
void StartStock(WindowScan *scan) {
  MemoryContextReset(scan->run_context);
  EState *estate = scan->input.css.ss.ps.state;
  if (scan->stock == nullptr) {
    MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
    scan->stock = ExecInitNode(&scan->top->plan, estate, 0);
    scan->input.css.custom_ps = lappend(scan->input.css.custom_ps, scan->stock);
    MemoryContextSwitchTo(old);
  }
  scan->mode = WindowMode::kStock;
}

void ReadKept(WindowScan *scan) {
  const core::PartitionStore *store = scan->store;
  const int64 first = scan->run->first_row();
  for (int i = 0; i < scan->output_count; ++i) {
    const int column = scan->outputs[i].is_needed ? scan->outputs[i].input : -1;
    if (column < 0) continue;
    for (int row = 0; row < scan->count; ++row) {
      store->Read(first + row, column, scan->columns[column], row);
    }
  }
}

}  // namespace

void StartWindows(WindowScan *scan) {
  MemoryContextReset(scan->run_context);
  MemoryContextReset(scan->input.scan_context);
  scan->count = 0;
  scan->next = 0;
  scan->store = nullptr;
  scan->sorted_keys = 0;
  scan->was_checked = false;
  if (scan->stock != nullptr) {
    scan->mode = WindowMode::kStock;
    return;
  }
  PlanWindows(scan);
  const bool in_order = ArrivesInOrder(scan);
  MemoryContextReset(scan->run_context);
  MakeResults(scan);
  if (in_order) {
    StartStream(scan);
    return;
  }
  if (StartKept(scan)) return;
  StartStock(scan);
}

void StopWindows(WindowScan *scan) {
  if (scan->is_open) EndPass(scan->source);
  scan->is_open = false;
  scan->mode = WindowMode::kNew;
}

bool NextWindowBatch(WindowScan *scan) {
  CHECK_FOR_INTERRUPTS();
  scan->next = 0;
  if (scan->mode == WindowMode::kKept) {
    scan->count = pg::CallCore([&] { return scan->run->Next(*scan->results); });
    ReadKept(scan);
    return scan->count > 0;
  }
  if (scan->count > 0) ReleaseBatch(&scan->input, scan->source);
  scan->count = ReadBatch(&scan->input, scan->source);
  if (scan->count == 0) return false;
  scan->rows_in += scan->count;
  pg::CallCore([&] { scan->engine->Run(scan->columns, scan->count, *scan->results); });
  scan->keys = scan->engine->keys();
  NotePeak(scan, scan->engine->bytes());
  return true;
}

}  // namespace weir::stream

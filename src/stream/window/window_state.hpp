// The window node's state.
#pragma once

#include "core/window/order_check.hpp"
#include "core/window/partition_run.hpp"
#include "core/window/partition_store.hpp"
#include "core/window/window_engine.hpp"
#include "core/window/window_plan.hpp"
#include "core/window/window_results.hpp"
#include "stream/node/scan_state.hpp"
#include "stream/window/window_call.hpp"

struct ExplainState;

namespace weir::stream {

// One column of the scan tuple: a column of the input or a function.
struct WindowOutput {
  bool is_needed;
  int input;     // the input's column; for a found row's function its default value, or -1
  int function;  // -1 for a column
  Encoding encoding;
  WindowCall call;
};

// How a window's frame was written; offsets are evaluated when the scan starts.
struct WindowFrame {
  int options;
  ExprState *start;
  ExprState *end;
};

enum class WindowMode : uint8 {
  kNew,
  kStreamed,  // rows arrive in order: batch in, batch out
  kKept,      // all rows are in memory, by key
  kStock,     // they do not fit; PostgreSQL's own nodes run
  kDone,
};

struct WindowScan {
  // What the sources fill; its keys come first, then the order, and nothing is aggregated there.
  AggregateScan input;

  WindowAgg *top;     // the stock nodes; run only when memory is full
  WindowAgg *lowest;  // of them
  List *frames;       // of WindowFrame, one a function
  PlanState *stock;
  bool looks_back;

  int output_count;
  WindowOutput *outputs;

  core::WindowPlan *plan;
  core::WindowPlan *streamed_plan;  // frames end with the current row
  core::RowLayout *check_layout;
  core::RowLayout *store_layout;

  Source *source;
  Source *order_source;       // of keys and order alone; null where the input cannot be read twice
  MemoryContext run_context;  // everything below
  core::WindowEngine *engine;
  core::PartitionStore *store;
  core::PartitionRun *run;
  core::WindowResults *results;
  core::Column *columns;  // of the batch given out
  core::Column *kept_columns;
  WindowMode mode;
  bool is_open;
  int count;
  int next;

  // Instrumentation.
  bool was_checked;
  int64 rows_in;
  int64 keys;
  int64 sorted_keys;
  Size peak_bytes;
};

inline WindowScan *WindowScanOf(CustomScanState *node) {
  return reinterpret_cast<WindowScan *>(node);
}

void SetUpWindowScan(WindowScan *scan, EState *estate, int eflags);

// Fills in what depends on parameters: offsets of frames.
void PlanWindows(WindowScan *scan);

// Gets the next batch with its results. False at the end.
bool NextWindowBatch(WindowScan *scan);

// Chooses how to go about it, and begins.
void StartWindows(WindowScan *scan);
void StopWindows(WindowScan *scan);

// Fills `slot` with row `row` of the batch.
void EmitWindowRow(WindowScan *scan, int row, TupleTableSlot *slot);

void ExplainWindows(CustomScanState *node, List *ancestors, ExplainState *es);

}  // namespace weir::stream

// The executor node's state.
#pragma once

#include "core/group/hash_aggregator.hpp"
#include "pg/context_resource.hpp"
#include "pg/pg.hpp"
#include "stream/column/column_set.hpp"
#include "stream/node/aggregate_form.hpp"
#include "stream/node/counters.hpp"
#include "stream/node/key_classes.hpp"
#include "stream/node/source.hpp"

extern "C" {
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"
#include "utils/memutils.h"
}

namespace weir::stream {

struct SpillState;
struct SharedCounters;
struct AggregateCall;

// One column of the scan tuple: a key or an aggregate.
struct OutputColumn {
  const AggregateForm *form;  // null for a key and for a call
  AggregateCall *call;        // or null
  int column;                 // the key's number, or the argument's column
  Encoding encoding;          // of a key
};

// A value that the aggregator reads: a key or an aggregate's argument, over the child's output.
struct InputColumn {
  Expr *expression;
  Encoding encoding;
  bool is_nullable;
};

enum class Phase : uint8 { kBuild, kEmit, kDone };

// Where an input in the order of a key stands. A batch is consumed up to the start of its last run
// of equal keys; what follows waits until the groups before it were given out.
struct OrderedRun {
  int column;  // of the key, or -1 when the input has no order
  bool is_started;
  bool is_finished;
  bool has_open;  // the table of groups holds a run that may go on, with the key below
  bool open_null;
  int64 open_word;
  int batch_count;  // rows in the batch, of which those from `pending` on wait
  int pending;
  int64 resets;
};

struct AggregateScan {
  CustomScanState css;

  Agg *agg;  // the stock node this one stands for; never run
  PlanState *child;
  bool is_partial;
  bool can_restart;
  bool closes_runs;  // whether groups of an ordered key leave when its value changes

  int input_count;
  InputColumn inputs[core::kMaxColumns];
  int output_count;
  OutputColumn *outputs;
  // The child's attribute that holds the time of an event, or 0, and the column it is read into.
  AttrNumber time_attribute;
  int time_column;

  int source_count;
  Source **sources;

  core::AggregatorPlan *plan;
  MemoryContext groups_context;  // the aggregator and all it owns
  MemoryContext batch_context;   // long values of the batch being filled
  MemoryContext scan_context;    // constants of the running scan
  core::HashAggregator *aggregator;
  Size memory_limit;  // of the groups and the classes of their keys
  bool has_classes;
  KeyClasses *classes[core::kMaxKeys];  // null for keys whose words tell their equality
  Strangers *strangers;
  List *calls;  // of AggregateCall
  int call_states;
  bool results_repeat;  // states outlast their results
  bool calls_repeat;    // nobody sees it when they are run again
  AggState *agg_state;  // what the functions of calls take for the node they run in
  core::GroupRows::Cursor cursor;
  Phase phase;
  SpillState *spill;
  OrderedRun run;
  MemoryContext partition_context;  // long values of a batch read from a file

  // Instrumentation.
  int64 rows_in;
  int64 batches;
  int64 groups_out;
  int64 restarts;
  Size peak_bytes;
  int64 spilled_bytes;  // of files gone since
  int64 spilled_partitions;
  SharedCounters *shared;  // while a parallel scan goes on
  Counters from_workers;
};

// Makes the plan for the aggregator; `careful` as in AggregatorPlan.
void PlanStates(AggregateScan *scan, bool careful);

// A fresh aggregator in an empty context, with `limit` bytes.
void StartAggregator(AggregateScan *scan, Size limit, double expected_groups);

// A batch ends after its number of rows, or when its long values take much memory.
inline bool IsBatchFull(MemoryContext long_values, int count) {
  constexpr Size kLongValueBytes = 4 * 1024 * 1024;
  return count >= core::kBatchRows ||
         MemoryContextMemAllocated(long_values, false) > kLongValueBytes;
}

// Makes the classes of keys ready for a fresh aggregator.
void PrepareClasses(AggregateScan *scan, Size limit);

// Gives the groups what keys and calls leave of the limit.
void LimitGroups(AggregateScan *scan);

// Raises or lowers the limit for what is to come.
void SetMemoryLimit(AggregateScan *scan, Size limit);

// Memory of the groups and of what their keys need.
Size MemoryInUse(const AggregateScan *scan);

// Numbers the keys that have classes, and spills the rows that get no number. Returns how many are
// left.
int NumberRows(AggregateScan *scan, core::Column *columns, int count);

// Finds the groups of `count` rows and spills the rows that find no room. Returns how many are
// left.
int PlaceRows(AggregateScan *scan, core::Column *columns, int count);

// Feeds `count` rows of the columns to the aggregator. False: restart with careful states.
bool ConsumeRows(AggregateScan *scan, core::Column *columns, int count);

// Builds the groups of the next windows of an ordered input.
void RunWindows(AggregateScan *scan);

// Fills `slot` with the values of a group.
void EmitGroup(AggregateScan *scan, const std::byte *row, TupleTableSlot *slot);

}  // namespace weir::stream

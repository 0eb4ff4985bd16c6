// Aggregates that the node has no loop of its own for: their own transition function is called for
// every row, and the state lies beside the others in the group's row.
#pragma once

#include "stream/node/scan_state.hpp"

extern "C" {
#include "executor/nodeAgg.h"
#include "fmgr.h"
}

namespace weir::stream {

// One argument: a column of the scan, or a constant.
struct CallArgument {
  int column;  // negative for a constant
  Encoding encoding;
  NullableDatum constant;
};

// In the group's row. Zeroed until the group's first row.
struct CallState {
  Datum value;
  bool is_started;
  bool is_null;
  bool takes_first;  // the first value becomes the state
};

struct AggregateCall {
  FmgrInfo transition;
  FmgrInfo finish;  // makes the result, or what another process takes
  bool has_finish;
  int finish_arguments;
  FunctionCallInfo call;  // of the transition function
  Oid collation;
  int argument_count;
  CallArgument *arguments;
  int filter_column;  // negative without
  int index;          // of the state
  bool owns_state;    // and advances it; others with the same transitions only finish it
  NullableDatum initial;
  bool state_by_value;
  int16 state_length;
  // What the functions may ask for.
  AggStatePerTransData *transition_info;
  AggStatePerAggData finish_info;
};

// Sets a call up; its arguments become columns of the scan. Raises unless its functions may be
// executed.
AggregateCall *MakeCall(AggregateScan *scan, Aggref *aggref);

// Makes the states' memory, for a scan with calls.
void BeginCalls(AggregateScan *scan);
// Frees all states.
void ResetCalls(AggregateScan *scan);
void EndCalls(AggregateScan *scan);
Size CallBytes(const AggregateScan *scan);

// Adds placed rows to the states of their groups.
void RunCalls(AggregateScan *scan, const core::Column *columns, int count);

// What the call gives for a group, in the current memory context.
Datum CallDatum(AggregateScan *scan, AggregateCall *call, const std::byte *row, bool *is_null);

}  // namespace weir::stream

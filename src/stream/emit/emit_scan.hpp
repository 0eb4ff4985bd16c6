// The emitting node's state: that of the aggregating node, and which windows are open.
#pragma once

#include "core/time/watermark.hpp"
#include "stream/emit/open_windows.hpp"
#include "stream/emit/request.hpp"
#include "stream/node/scan_state.hpp"

extern "C" {
struct ExplainState;
}

namespace weir::stream {

enum class EmitStage : uint8 { kStart, kInput, kSpilled, kDone };

struct EmitScan {
  AggregateScan base;  // first: the node is one of these as well
  EmitMode mode;
  bool revises;
  int window_column;  // -1: no window closes
  core::TumblingWindow window;
  int64 lateness;
  bool keeps_infinity;
  core::Watermark watermark;
  OpenWindows windows;

  EmitStage stage;
  bool is_in_partition;   // of what was spilled
  int source;             // the one being read
  core::Column *columns;  // the batch
  int batch_count;
  int batch_at;

  // Rows of the batch that leave one by one, each with its group's running result.
  core::Column run[core::kMaxColumns];
  int run_count;
  int run_at;

  // Groups being given out, and the window to forget after them.
  core::HashAggregator *giving;
  core::GroupRows::Cursor given;
  bool gives_window;

  int64 late_rows;
  int64 dropped_rows;
  int64 windows_closed;
};

void ExplainEmit(CustomScanState *node, List *ancestors, ExplainState *es);

}  // namespace weir::stream

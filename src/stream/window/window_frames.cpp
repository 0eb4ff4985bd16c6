// Frames as numbers of rows, known once a scan starts.
#include "stream/window/window_state.hpp"

extern "C" {
#include "executor/executor.h"
#include "nodes/parsenodes.h"
}

namespace weir::stream {
namespace {

// Far beyond any table, and far from overflowing when a row's number is added.
constexpr int64 kFarthest = static_cast<int64>(1) << 48;

int64 OffsetOf(WindowScan *scan, ExprState *state, const char *which) {
  bool is_null;
  const int64 offset = DatumGetInt64(
      ExecEvalExprSwitchContext(state, scan->input.css.ss.ps.ps_ExprContext, &is_null));
  if (is_null) {
    ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
            errmsg("frame %s offset must not be null", which));
  }
  if (offset < 0) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PRECEDING_OR_FOLLOWING_SIZE),
            errmsg("frame %s offset must not be negative", which));
  }
  return Min(offset, kFarthest);
}

core::Frame ResolveFrame(WindowScan *scan, const WindowFrame &source) {
  const int options = source.options;
  const int64 start = source.start != nullptr ? OffsetOf(scan, source.start, "starting") : 0;
  const int64 end = source.end != nullptr ? OffsetOf(scan, source.end, "ending") : 0;
  core::Frame frame;
  frame.from_first = (options & FRAMEOPTION_START_UNBOUNDED_PRECEDING) != 0;
  frame.start = (options & FRAMEOPTION_START_OFFSET_PRECEDING) != 0 ? -start : start;
  frame.to_last = (options & FRAMEOPTION_END_UNBOUNDED_FOLLOWING) != 0;
  frame.end = (options & FRAMEOPTION_END_OFFSET_PRECEDING) != 0 ? -end : end;
  frame.to_peer = (options & FRAMEOPTION_RANGE) != 0 && !frame.to_last;
  return frame;
}

core::Frame FrameFor(WindowScan *scan, const WindowCall &call, const WindowFrame &source) {
  core::Frame frame = ResolveFrame(scan, source);
  return UsesFrame(call) ? frame : core::Frame{.from_first = true};
}

// Sums of large frames are cheapest where each row is added once.
void ChooseSum(core::WindowFunction *function) {
  if (function->checks_squares && function->frame.from_first) {
    function->op = core::WindowOp::kMoments;
  }
}

// Peers do not matter where there are none: frames end with the current row.
void PlanStreamed(WindowScan *scan) {
  core::WindowPlan *plan = scan->streamed_plan;
  *plan = *scan->plan;
  for (int i = 0; i < plan->series_count; ++i) plan->series[i].history = 0;
  for (int i = 0; i < plan->function_count; ++i) {
    core::WindowFunction *function = &plan->functions[i];
    if (function->frame.to_peer) {
      function->frame.to_peer = false;
      function->frame.end = 0;
    }
    if (function->series < 0 || !core::LooksBackOnly(*function)) continue;
    int64_t *history = &plan->series[function->series].history;
    *history = Max(*history, core::HistoryOf(*function));
  }
}

}  // namespace

void PlanWindows(WindowScan *scan) {
  for (int i = 0; i < scan->output_count; ++i) {
    const WindowOutput &output = scan->outputs[i];
    if (!output.is_needed || output.function < 0) continue;
    const auto *source = static_cast<const WindowFrame *>(list_nth(scan->frames, output.function));
    core::WindowFunction *function = &scan->plan->functions[output.function];
    function->op = output.call.op;
    function->frame = FrameFor(scan, output.call, *source);
    ChooseSum(function);
  }
  PlanStreamed(scan);
}

}  // namespace weir::stream

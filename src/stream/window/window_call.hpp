// The window functions that the node computes itself.
#pragma once

#include "core/window/window_plan.hpp"
#include "pg/pg.hpp"
#include "stream/node/aggregate_form.hpp"

extern "C" {
#include "nodes/primnodes.h"
}

namespace weir::stream {

struct WindowCall {
  core::WindowOp op;
  const AggregateForm *aggregate;  // null for functions that are no aggregates
  int64 offset;                    // of lag (negative), lead and nth_value
};

// False if the call has no streaming form; then *why is a sentence.
bool WindowCallOf(const WindowFunc *call, WindowCall *out, const char **why);

// Whether the function looks at its frame.
bool UsesFrame(const WindowCall &call);

// How values of any type travel in a column, unchanged.
Encoding PassEncoding(Oid type);

}  // namespace weir::stream

// Why a query is not streamed.
#pragma once

namespace weir::stream {

// Called by the planner's hook with a sentence: an error under weir.stream = require, a note for
// weir.stream_reason(), nothing otherwise.
void Decline(const char *why, const char *what = "this aggregation");

// Whether weir.stream_reason() is planning: it asks whatever weir.stream says.
bool IsInquiring();

}  // namespace weir::stream

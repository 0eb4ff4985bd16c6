// Transition states of aggregates as values: weir.partial_state(), weir.merge_states() and
// weir.finish_states() run an aggregate's own functions, in steps.
#pragma once

#include "pg/pg.hpp"

namespace weir::continuous {

// Whether the state of an aggregate can be kept where its owner may write to it: its type reads
// bytes that anybody gives, or it is internal, and one of the server's whose reading is known to
// check them, or sealed.
bool IsSafeState(Oid aggregate);

}  // namespace weir::continuous

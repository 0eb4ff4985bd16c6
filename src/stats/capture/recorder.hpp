// Takes finished records to the flush worker: into the ring, else into the fold table, else counted
// as dropped. Never waits, never raises.
#pragma once

#include "core/record/query_record.hpp"

namespace weir::stats {

enum class Route {
  kRing,  // a record of its own, as long as there is room
  kFold,  // folded with others of its key, to save room
};

// False when the record was dropped. Needs IsRecording().
bool Submit(const core::QueryRecord &record, Route route);

// The route that weir.sample_rate and weir.min_duration give a statement.
Route ChooseRoute(const core::QueryRecord &record);

}  // namespace weir::stats

// Planning times on their way from the planner to the record of the statement that was planned.
#pragma once

#include "core/record/query_record.hpp"

namespace weir::stats {

// Notes one planning of a query.
void AddPlanTime(std::uint64_t query_id, double ms);

// Moves what was noted for the record's query into the record.
void TakePlanTimes(core::QueryRecord &record);

}  // namespace weir::stats

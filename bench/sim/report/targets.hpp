// What was published for such a load, and what this run has to say about it.
#pragma once

#include <nlohmann/json.hpp>

namespace weir::sim {

// A list of {what, limit, unit, better ("below" or "above"), value, met}; value and met are null
// where the run's mode does not measure it.
nlohmann::ordered_json Targets(const nlohmann::ordered_json &document);

}  // namespace weir::sim

// The report: one HTML file with everything in it.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace weir::sim {

std::string MakePage(const nlohmann::ordered_json &document);

}  // namespace weir::sim

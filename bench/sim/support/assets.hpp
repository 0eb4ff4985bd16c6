// Files of the source tree that the program carries in itself.
#pragma once

#include <string>
#include <string_view>

namespace weir::sim {

// By a name as "crm/schema.sql" or "page/style.css"; asking for what is not there is a fault of
// ours.
std::string_view Asset(const std::string &name);

}  // namespace weir::sim

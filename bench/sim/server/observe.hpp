// What the extension's log says about a run: by tenant, by query, by column.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

#include "server/connection.hpp"

namespace weir::sim {

using Json = nlohmann::ordered_json;

// From when to when, by the server's clock.
struct LogWindow {
  std::string from;
  std::string to;
};

Json TenantsOf(Connection &connection, const LogWindow &window);
Json QueriesOf(Connection &connection, const LogWindow &window);
Json FieldsOf(Connection &connection, const LogWindow &window);
Json SettingsOf(Connection &connection);

// Statements of the load in the log, and those of them that failed.
struct Logged {
  std::int64_t statements = 0;
  std::int64_t errors = 0;
};
Logged LoggedOf(Connection &connection, const LogWindow &window);

}  // namespace weir::sim

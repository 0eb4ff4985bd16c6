// Whether a server can be simulated on, before anything is done to it.
#pragma once

#include "server/connection.hpp"

namespace weir::sim {

// Throws a Failure that says what is missing and how to get it.
void CheckServer(Connection &connection);

}  // namespace weir::sim

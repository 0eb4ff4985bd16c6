// Which utility commands need a database free of other sessions.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace weir::worker {

// The database, or null.
const char *DatabaseToFree(Node *command);

}  // namespace weir::worker

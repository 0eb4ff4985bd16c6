// Tries something that may fail for the row it works on.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "utils/elog.h"
}

namespace weir::continuous {

// Runs it in a savepoint. Null: it has worked. An error of the data has undone it, and is returned
// in the memory of the caller; any other is raised.
ErrorData *Attempt(void (*run)(void *), void *argument);

}  // namespace weir::continuous

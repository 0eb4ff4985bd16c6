// Who may still read what is below a horizon.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
}

namespace weir::continuous {

// The oldest transaction that the snapshot of any process may call running, in all databases and on
// standbys. Holds of ours do not count, or none would ever move. Takes a snapshot.
FullTransactionId OldestReader();

}  // namespace weir::continuous

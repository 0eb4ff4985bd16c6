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

// Every transaction of this database below has ended. Vacuum goes by the same: of tables of one
// database it may have removed what transactions of others would still hold in a snapshot's xmin,
// as long as there was no hold. In a transaction that keeps a snapshot, once there is a hold.
FullTransactionId OldestWriter();

}  // namespace weir::continuous

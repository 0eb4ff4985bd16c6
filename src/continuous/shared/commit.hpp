// What happens to workers when a transaction commits.
#pragma once

#include "pg/pg.hpp"

namespace weir::continuous {

// Called once, from Install().
void InstallCommitCallback();

// At the commit of the current transaction, and only then:
void WantWorkerAtCommit(Oid owner);          // a worker for that owner in this database
void WantKeeperAtCommit();                   // somebody has to look after this database
void ReloadAtCommit();                       // queries of this database have changed
void WakeFollowersAtCommit(int32 query_id);  // its result has changed
void ForgetAtCommit(Oid database);           // that database is gone

// However the current transaction ends, somebody has to look after this database.
void WantKeeperAtEnd();

// This process is one of our workers: its own transactions wake nobody.
void NeverWake();

// Has workers look for what the last transaction has written, also those that never wake others.
void WakeReaders();

}  // namespace weir::continuous

// Dumps and restores of continuous queries. A dump holds the state together with the rows that were
// not yet in it, so that it fits the rows of the source that the same dump holds; once everything
// is restored, the query goes on from there.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/plannodes.h"
}

namespace weir::continuous {

// The query whose state the command copies to the client, or 0.
int32 QueryToCopy(Node *command);

// The same command, over the state with newer rows merged in.
PlannedStmt *CopyOfContents(PlannedStmt *statement, int32 query_id);

// The expressions of a query are its owner's, and a dump is most often a superuser's: they run as
// the owner. An error gives the rights back by itself.
struct OwnerRights {
  Oid user;
  int security_context;
  int setting_level;
};
OwnerRights TakeOwnerRights(int32 query_id);
void GiveOwnerRightsBack(const OwnerRights &before);

// The query whose state table gets its index, which dumps make after all rows; or 0.
int32 QueryToAnchor(Node *command);

// Lets a query that has no frontier go on from here: the rows there are are in its state.
void AnchorRestored(int32 query_id);

}  // namespace weir::continuous

// Runs SQL of our own on our own tables with the rights of the extension's owner.
#pragma once

#include "pg/pg.hpp"

namespace weir::continuous {

// What to go back to. An error goes back by itself, with its transaction or savepoint.
struct RightsBefore {
  Oid user;
  int security_context;
  int setting_level;
};

// From here to the end no name of the user's is looked up: search_path is pg_catalog, and whatever
// is called by name is qualified. Text of the user's must not be parsed in between.
RightsBefore TakeExtensionRights();
void GiveRightsBack(const RightsBefore &before);

// The same search_path without more rights, to run statements that name everything in full.
int PinSearchPath();
void UnpinSearchPath(int level);

// InvalidOid when the extension is not in this database.
Oid ExtensionOid();

}  // namespace weir::continuous

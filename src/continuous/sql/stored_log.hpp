// The log of a result's changes as a stream: FROM weir.changes('name').
#pragma once

#include "continuous/rewrite/definition.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// Whether the stream of the definition is a call of weir.changes().
bool ReadsChanges(const Definition &definition);

// The result that it names. Raises when the call cannot be read as a stream. Within
// OpenTextErrors().
Oid ResultFollowed(const Definition &definition);

// Puts the table that holds the log in the call's place; it has the same columns.
void ReadStoredLog(const Definition &definition, Oid table);

}  // namespace weir::continuous

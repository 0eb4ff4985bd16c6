// Rows that are about to leave a table are counted first.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

namespace weir::continuous {

// A query that reads a table whose rows are to leave.
struct Departure {
  int32 query_id;
  Oid result;
  Oid owner;
  Oid source;
  bool is_paused;
  bool ignores_changes;  // on_delete => 'ignore'
  List *tables;          // of those that leave, the ones it reads
};

// How rows leave.
enum class Leaving : uint8 {
  kTruncated,  // queries of the table itself are concerned, too
  kWithTable,  // it goes by itself or out of its parent; its own queries go or stay with it
};

// Of Departure *: the queries that read rows of `relation` or its partitions. Takes no lock on
// them.
List *DeparturesFrom(Oid relation, Leaving how);

// Waits, with writers of the tables locked out, until the queries have counted what is there.
// Raises after a while, or at once where that can never be.
void DrainAll(List *departures, const char *command);

// Raises when a query has rows to count in a table that is locked against everybody.
void RequireDrained(List *departures, const char *command);

}  // namespace weir::continuous

// The pieces that an aggregate's result is made of: each can be kept in a column, merges with the
// same piece of other rows, and is found by an aggregate of its own.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
}

namespace weir::continuous {

enum class Merge : uint8 {
  kAdd,      // bigint that add up; NULL where there was no value
  kItself,   // the aggregate over its own results
  kCombine,  // the aggregate's transition state, as bytea
};

struct Part {
  Aggref *aggregate;  // over the rows
  Merge merge;
  Oid function;    // of the original aggregate; not for kAdd
  Oid combine;     // its combine function; not for kAdd
  Oid final_type;  // of the merged piece
};

// Finds the expressions over the merged pieces for aggregates of one query.
struct PartList {
  const char *text;
  int first_column;  // of the pieces, in the merged row
  List *parts;       // of Part *
};

// An expression over the columns of the merged row that gives the aggregate's result; adds the
// pieces it needs. Raises when the aggregate cannot be kept in pieces.
Node *ExpressionOverParts(PartList *list, const Aggref *aggregate);

// SQL that merges the piece in `column` of several rows, as an aggregate.
char *MergeRows(const Part *part, const char *column);

// The same, but the result is a piece again.
char *MergeKept(const Part *part, const char *column);

// SQL that merges two pieces of that name, as an expression over relations "old" and "excluded".
char *MergeTwo(const Part *part, const char *column);

}  // namespace weir::continuous

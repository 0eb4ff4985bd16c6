// Rows that a continuous query has failed on.
#pragma once

#include "continuous/catalog/catalog.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "utils/elog.h"
}

namespace weir::continuous {

// In the current transaction: keeps the row, a jsonb, with its error.
void AddDeadLetter(int32 query_id, Datum row, const ErrorData *error);

// Counts a row that is left out.
void CountSkipped(int32 query_id);

// The query was built anew, from all rows there are.
void ForgetDeadLetters(int32 query_id);

// They belong to the query that has taken the other's place.
void MoveDeadLetters(int32 query_id, int32 to);

// A dead letter, in the memory of the caller.
struct DeadLetter {
  int64 id;
  Datum row;
};

// Of DeadLetter *, locked until the transaction ends.
List *LockDeadLetters(int32 query_id);

void DeleteDeadLetter(int64 id);
void KeepDeadLetter(int64 id, const ErrorData *error);

}  // namespace weir::continuous

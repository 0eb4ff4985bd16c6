// Where the log stood when, as this process has seen it: bounds for pages that new rows cannot be
// on.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xlogdefs.h"
}

namespace weir::continuous {

// Notes the present position; each tick does.
void NotePosition();

// The highest known position that no transaction from `h` on has written at or below;
// InvalidXLogRecPtr when none is known.
XLogRecPtr PositionBelow(FullTransactionId h);

// What ticks that found nothing have learned: of the rows on pages up to `lsn_low`, none in this
// file of the source is new to a query whose frontier is still `h0`. A relation of InvalidOid
// stands for all of the source, up to the horizon `seen`.
struct IdleNote {
  int32 query_id;
  Oid relation;
  Oid relfilenode;
  FullTransactionId h0;
  FullTransactionId seen;
  XLogRecPtr lsn_low;
};
void NoteIdle(const IdleNote &note);

// The note on a relation, or null.
const IdleNote *FindIdle(int32 query_id, Oid relation);

}  // namespace weir::continuous

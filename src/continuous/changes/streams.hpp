// The table weir.query_streams: what queries give out beside their views.
#pragma once

#include "continuous/rewrite/emission.hpp"
#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// A row, in the memory of the caller.
struct Stream {
  bool has_log;
  bool is_final;  // of closed windows
  bool notifies;
  char *closing;       // moves the watermark; null: no window closes
  char *idle;          // closes what is open
  char *forgetting;    // null: windows are kept
  char *merging;       // merges rows whatever their time
  bool keeps_late;     // late rows become dead letters
  int64 idle_us;       // 0: only rows close windows
  int64 retention_us;  // 0: nothing is forgotten
  int32 log_id;        // in the name of the log; 0: none
};

// With the statements that move its time, if it has one.
void AddStream(int32 query_id, const Rewrite *rewrite);
void FreeStream(Stream *stream);

// Null for a query that has its view only.
Stream *FindStream(int32 query_id);

// What the query was created with; for another definition of it.
Emission *StoredEmission(int32 query_id);

// Query `by` goes on with the log of query `query_id`, whose row goes.
void ReplaceStream(int32 query_id, int32 by, const Rewrite *rewrite);

// SELECT of a query's rows as its log has them; null where it has none.
char *ShowingOf(int32 query_id);

// The query with the log of that number; 0: none.
int32 QueryOfLog(int32 log_id);

// Changes up to `position` are gone.
void NoteTrimmed(int32 query_id, int64 position);

// Up to where changes are gone, 0 when none are; -1 when the query has no log.
int64 TrimmedTo(int32 query_id);

}  // namespace weir::continuous

// The table weir.query_streams: what queries give out beside their views.
#pragma once

#include "continuous/changes/emission.hpp"
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
};

// With the statements that move its time, if it has one.
void AddStream(int32 query_id, const Rewrite *rewrite);
void FreeStream(Stream *stream);

// Null for a query that has its view only.
Stream *FindStream(int32 query_id);

// Changes up to `position` are gone.
void NoteTrimmed(int32 query_id, int64 position);

// Up to where changes are gone, 0 when none are; -1 when the query has no log.
int64 TrimmedTo(int32 query_id);

}  // namespace weir::continuous

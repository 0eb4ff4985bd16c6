// What a query gives out beside its view, and the time it goes by, as asked for when it was
// created.
#pragma once

#include "pg/emit_clause.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "fmgr.h"
#include "utils/timestamp.h"
}

namespace weir::continuous {

// What becomes of rows of a window that is closed.
enum class Late : uint8 { kUpdate, kDrop, kDeadLetter };

struct Emission {
  pg::EmitMode mode;
  bool notifies;
  const Interval *retention;  // null: nothing is forgotten
  const Interval *lateness;   // null: not asked for
  Late late;
  const Interval *idle_timeout;  // null: only rows close windows
  const Interval *max_future;    // null: every time counts
  int32 log_id;                  // of the query whose log goes on; 0: a new log
};

// Reads the options from argument `first` on, and raises what is wrong with them. `clause` is that
// of the query's text.
Emission *ReadEmission(FunctionCallInfo fcinfo, int first, pg::EmitMode clause);

inline bool KeepsLog(const Emission &emission) { return emission.mode != pg::EmitMode::kNone; }

// The number in the name of the log of query `query_id`.
inline int32 LogIdOf(const Emission &emission, int32 query_id) {
  return emission.log_id != 0 ? emission.log_id : query_id;
}

// Whether windows close.
inline bool HasTime(const Emission &emission) {
  return emission.mode == pg::EmitMode::kFinal || emission.lateness != nullptr ||
         emission.late != Late::kUpdate || emission.idle_timeout != nullptr ||
         (emission.retention != nullptr && !KeepsLog(emission));
}

const char *NameOf(Late late);

// By its name.
bool FindLate(const char *name, Late *late);

// In microseconds, months as 30 days.
inline int64 MicrosecondsOf(const Interval &interval) {
  const int64 days = static_cast<int64>(interval.month) * DAYS_PER_MONTH + interval.day;
  return days * USECS_PER_DAY + interval.time;
}

}  // namespace weir::continuous

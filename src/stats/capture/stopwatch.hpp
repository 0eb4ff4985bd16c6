// Time as capture needs it: durations, and the wall clock without a second system call.
#pragma once

#include "core/record/query_record.hpp"
#include "pg/pg.hpp"
#include "settings.hpp"

extern "C" {
#include "portability/instr_time.h"
#include "utils/timestamp.h"
}

namespace weir::stats {

inline instr_time Now() {
  instr_time now;
  INSTR_TIME_SET_CURRENT(now);
  return now;
}

inline double MillisecondsBetween(instr_time start, instr_time end) {
  INSTR_TIME_SUBTRACT(end, start);
  return INSTR_TIME_GET_MILLISEC(end);
}

// The wall clock at `now`, read anew at most once a second and carried on by the steady clock in
// between: it follows corrections of the wall clock within that second.
inline core::Timestamp WallClockAt(instr_time now) {
  static instr_time read_at;
  static core::Timestamp wall = 0;
  double since_read_ms = MillisecondsBetween(read_at, now);
  if (wall == 0 || since_read_ms > 1000.0 || since_read_ms < 0.0) {
    wall = GetCurrentTimestamp();
    read_at = now;
    since_read_ms = 0.0;
  }
  core::Timestamp result = wall + static_cast<core::Timestamp>(since_read_ms * 1000.0);
#ifdef WEIR_FAILPOINTS
  result += static_cast<core::Timestamp>(settings.clock_shift_s) * USECS_PER_SEC;
#endif
  return result;
}

}  // namespace weir::stats

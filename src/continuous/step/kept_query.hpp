// A query in the hands of its worker.
#pragma once

#include "continuous/catalog/catalog.hpp"
#include "continuous/changes/streams.hpp"
#include "continuous/lanes/lanes.hpp"
#include "continuous/shared/places.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace weir::continuous {

struct KeptQuery {
  QueryRow row;
  Stream *stream;  // null: it has its view only
  SPIPlanPtr plan;
  Lanes lanes;
  QueryPlace *place;
  TimestampTz last_step;  // its end
  TimestampTz due_at;     // of the last step: the next one is due an interval later
  TimestampTz retry_at;   // after a failure
  TimestampTz next_retention;
  TimestampTz last_rows;         // when a step last consumed some
  bool is_quiet;                 // and what was open then is closed
  FullTransactionId quiet_from;  // who began before may still bring rows; none: it is not time
  int failures;                  // in a row
  bool isolates;                 // the next step looks for the rows that made the last one fail
  bool is_dirty;                 // transactions have ended since the last step
  bool is_blocked;               // a running transaction holds newer ones back
  bool is_stale;                 // the hold was lost; only a rebuild helps
};

// Raises when a superuser's query would run what others own.
void CheckSuperuserObjects(const KeptQuery &query);

}  // namespace weir::continuous

// The table weir.continuous_queries and its companions.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pg_list.h"
#include "utils/timestamp.h"
}

namespace weir::continuous {

// What becomes of a row that the query fails on.
enum class OnError : uint8 { kStop, kSkip, kDeadLetter };

// A row, in the memory of the caller.
struct QueryRow {
  int32 id;
  Oid result;  // the view
  Oid owner;   // of the view
  char *statement;
  int64 tick_ms;
  bool rejects_changes;  // on_delete => 'error'
  bool retracts;         // on_delete => 'retract'
  bool is_paused;
  OnError on_error;
  int failures;  // steps in a row, as stored
  TimestampTz next_retry;
  int32 log_id;      // in the name of its log; 0: it has none
  bool has_readers;  // other queries read its state or log
};

struct Failure {
  int32 query_id;
  int sqlstate;
  const char *message;
  TimestampTz next_retry;
};

// How a query was last filled from the rows there were.
struct Backfill {
  int32 query_id;
  int64 pages;   // of the source
  int64 groups;  // rows of the state
  double took_ms;
};

int32 NextQueryId();
void AddQuery(const QueryRow &row, const char *contents, const Interval *tick);

// The row with that number, or null; null too when its view is gone.
QueryRow *FindQueryById(int32 query_id);

// SELECT of the state with newer rows merged in.
char *ContentsOf(int32 query_id);

// Null when the view shows no continuous query.
QueryRow *FindQuery(Oid result);

// The same, and only for those who have the owner's rights: raises otherwise.
QueryRow *RequireOwnQuery(Oid result);

// Of QueryRow *: the queries of an owner.
List *QueriesOfOwner(Oid owner);

// Options that change; null: as it is.
struct OptionChanges {
  const Interval *tick;
  const bool *rejects_changes;
  const OnError *on_error;
};
void ChangeOptions(Oid result, const OptionChanges &changes);

// The query goes on as another, with its name and options.
void ReplaceQuery(int32 query_id, const QueryRow &by, const char *contents);

void SetPaused(Oid result, bool is_paused);
void DeleteQuery(int32 query_id);

void NoteBackfill(const Backfill &backfill);
void NoteFailure(const Failure &failure);
// True when there was one.
bool ForgetFailure(int32 query_id);

}  // namespace weir::continuous

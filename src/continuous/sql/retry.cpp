// weir.retry_dead_letters()
#include "continuous/failure/attempt.hpp"
#include "continuous/failure/dead_letters.hpp"
#include "continuous/failure/single_row.hpp"
#include "continuous/frontier/frontier.hpp"
#include "continuous/sql/require.hpp"
#include "continuous/sql/restore.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/xact.h"
#include "miscadmin.h"
}

namespace weir::continuous {
namespace {

struct Retry {
  int32 query_id;
  PlannedStmt *plan;
  Datum row;
};

void AddRow(void *argument) {
  const auto *retry = static_cast<Retry *>(argument);
  const OwnerRights before = TakeOwnerRights(retry->query_id);
  RunForRow(retry->plan, retry->row);
  GiveOwnerRightsBack(before);
}

PlannedStmt *PlanAsOwner(const QueryRow &query) {
  const OwnerRights before = TakeOwnerRights(query.id);
  PlannedStmt *plan = PlanForOneRow(query);
  GiveOwnerRightsBack(before);
  return plan;
}

int64 RetryAll(const QueryRow &query) {
  LockQuery(query.id);
  List *letters = LockDeadLetters(query.id);
  if (letters == NIL) return 0;
  Retry retry{query.id, PlanAsOwner(query), Datum{0}};
  int64 landed = 0;
  ListCell *cell;
  foreach (cell, letters) {
    CHECK_FOR_INTERRUPTS();
    const auto *letter = static_cast<DeadLetter *>(lfirst(cell));
    retry.row = letter->row;
    ErrorData *error = Attempt(AddRow, &retry);
    if (error == nullptr) {
      landed++;
      DeleteDeadLetter(letter->id);
    } else {
      KeepDeadLetter(letter->id, error);
      FreeErrorData(error);
    }
    CommandCounterIncrement();
  }
  return landed;
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_retry_dead_letters) {
  using namespace weir::continuous;
  RequireActive();
  RequireReadCommitted("weir.retry_dead_letters()");
  PG_RETURN_INT64(RetryAll(*RequireOwnQuery(PG_GETARG_OID(0))));
}

#include "continuous/lanes/lane_store.hpp"

#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "optimizer/clauses.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace weir::continuous {
namespace {

struct Session {
  RightsBefore before;
  MemoryContext caller;
};

Session Open() {
  const Session session{TakeExtensionRights(), CurrentMemoryContext};
  SPI_connect();
  return session;
}

void Close(const Session &session) {
  SPI_finish();
  GiveRightsBack(session.before);
}

[[noreturn]] void RaiseUnsplittable(const char *detail, const char *hint) {
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("steps of this continuous query cannot be spread over several processes"),
          errdetail_internal("%s", detail), errhint("%s.", hint));
  pg_unreachable();
}

void RequireSafe(Query *query) {
  if (IsParallelSafe(query)) return;
  RaiseUnsplittable("It calls a function that is not PARALLEL SAFE.",
                    "Mark the function with ALTER FUNCTION ... PARALLEL SAFE if it is, or leave "
                    "parallelism at 1");
}

}  // namespace

LaneRow LanesOf(int32 query_id) {
  const Session session = Open();
  Oid types[] = {INT4OID};
  Datum values[] = {Int32GetDatum(query_id)};
  pg::Execute("SELECT parallelism, statement FROM weir.query_lanes WHERE query_id = $1",
              SPI_OK_SELECT, 1, types, values);
  LaneRow row{1, nullptr};
  if (SPI_processed > 0) {
    HeapTuple tuple = SPI_tuptable->vals[0];
    bool is_null;
    row.parallelism = DatumGetInt32(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &is_null));
    const char *text = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 2);
    if (text != nullptr) row.statement = MemoryContextStrdup(session.caller, text);
  }
  Close(session);
  return row;
}

void StoreLanes(int32 query_id, int parallelism, const Rewrite *rewrite) {
  char *statement = LaneTickOf(rewrite, query_id);
  if (statement == nullptr) return;
  const Session session = Open();
  Oid types[] = {INT4OID, INT4OID, TEXTOID};
  Datum values[] = {Int32GetDatum(query_id), Int32GetDatum(parallelism),
                    CStringGetTextDatum(statement)};
  pg::Execute("INSERT INTO weir.query_lanes VALUES ($1, $2, $3)", SPI_OK_INSERT, 3, types, values);
  Close(session);
}

void ChangeParallelism(int32 query_id, int parallelism) {
  const Session session = Open();
  Oid types[] = {INT4OID, INT4OID};
  Datum values[] = {Int32GetDatum(query_id), Int32GetDatum(parallelism)};
  pg::Execute("UPDATE weir.query_lanes SET parallelism = $2 WHERE query_id = $1", SPI_OK_UPDATE, 2,
              types, values);
  Close(session);
}

void RequireParallelism(int parallelism) {
  if (parallelism >= 1 && parallelism <= kMostLanes) return;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("invalid value for parameter \"parallelism\": %d", parallelism),
          errhint("It is the number of processes, from 1 to %d.", kMostLanes));
}

void RequireSplittable(const Rewrite *rewrite) {
  if (LaneTickOf(rewrite, 0) == nullptr) {
    RaiseUnsplittable(
        "Steps are split where they merge partial results of one table's new rows into groups, "
        "and do nothing else.",
        "Leave parallelism at 1");
  }
  RequireSafe(rewrite->definition);
}

void RequireSplittable(int32 query_id) {
  if (LanesOf(query_id).statement == nullptr) {
    RaiseUnsplittable(
        "Steps are split where they merge partial results of one table's new rows into groups, "
        "and do nothing else.",
        "Leave parallelism at 1");
  }
  const Oid view =
      get_relname_relid(StateName(query_id, "_definition"), get_namespace_oid("weir_state", false));
  Relation relation = table_open(view, AccessShareLock);
  RequireSafe(get_view_query(relation));
  table_close(relation, NoLock);
}

bool IsParallelSafe(Query *query) { return max_parallel_hazard(query) == PROPARALLEL_SAFE; }

}  // namespace weir::continuous

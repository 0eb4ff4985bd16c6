// weir.query_figures() and weir.work_progress()
#include "continuous/shared/places.hpp"
#include "continuous/shared/progress.hpp"
#include "pg/compat.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "funcapi.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace weir::continuous {
namespace {

bool MaySee(Oid owner) {
  return has_privs_of_role(GetUserId(), owner) ||
         has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

// As weir.histogram is stored.
Datum StoredHistogram(const core::LatencyHistogram &histogram) {
  auto *stored =
      static_cast<varlena *>(palloc(VARHDRSZ + core::LatencyHistogram::kMaxEncodedBytes));
  const std::size_t bytes = histogram.Encode(reinterpret_cast<std::uint8_t *>(VARDATA(stored)));
  SET_VARSIZE(stored, VARHDRSZ + bytes);
  return PointerGetDatum(stored);
}

Datum Count(const core::SharedU64 &figure) {
  return Int64GetDatum(static_cast<int64>(figure.load()));
}

void PutFigures(ReturnSetInfo *result, const QueryPlace &place) {
  const StepFigures &figures = place.figures;
  Datum values[] = {Int32GetDatum(place.query_id.load()),
                    Count(figures.split),
                    Count(figures.groups),
                    Count(figures.failures),
                    Float8GetDatum(static_cast<double>(figures.longest_us.load()) / 1000.0),
                    StoredHistogram(DurationsOf(figures))};
  bool nulls[lengthof(values)] = {};
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

const char *NameOf(std::uint32_t work) {
  switch (static_cast<Work>(work)) {
    case Work::kBackfill:
      return "backfill";
    case Work::kRefresh:
      return "refresh";
    case Work::kAlter:
      return "alter";
    case Work::kStep:
      return "step";
  }
  return "?";
}

void PutProgress(ReturnSetInfo *result, const ProgressPlace &place) {
  const bool counts_rows = place.work.load() == static_cast<std::uint32_t>(Work::kStep);
  Datum values[] = {Int32GetDatum(place.query_id.load()),
                    ObjectIdGetDatum(place.owner.load()),
                    Int32GetDatum(place.pid.load()),
                    CStringGetTextDatum(NameOf(place.work.load())),
                    TimestampTzGetDatum(static_cast<TimestampTz>(place.started_at.load())),
                    Count(place.pages_done),
                    Count(place.pages_total),
                    Count(place.rows_done)};
  bool nulls[lengthof(values)] = {};
  nulls[lengthof(values) - 1] = !counts_rows;
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_query_figures) {
  using namespace weir::continuous;
  InitMaterializedSRF(fcinfo, 0);
  auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
  for (int i = 0; shared != nullptr && i < QueryPlaceCount(); i++) {
    const QueryPlace &place = QueryPlaceAt(i);
    if (place.database.load() != MyDatabaseId || !MaySee(place.owner.load())) continue;
    PutFigures(result, place);
  }
  PG_RETURN_NULL();
}

WEIR_FUNCTION(weir_work_progress) {
  using namespace weir::continuous;
  InitMaterializedSRF(fcinfo, 0);
  auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
  for (int i = 0; i < ProgressPlaceCount(); i++) {
    const ProgressPlace &place = ProgressPlaceAt(i);
    if (place.database.load() != MyDatabaseId || !MaySee(place.owner.load())) continue;
    PutProgress(result, place);
  }
  PG_RETURN_NULL();
}

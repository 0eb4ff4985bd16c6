// The type weir.histogram: its text and binary forms, and what is asked of a value.
#include "stats/sql/histogram_value.hpp"

#include <cmath>

#include "pg/sql_function.hpp"

extern "C" {
#include "common/int.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
}

namespace weir::stats {

namespace {

using core::LatencyHistogram;

std::span<const std::uint8_t> BytesOf(const varlena *stored) {
  return {reinterpret_cast<const std::uint8_t *>(VARDATA_ANY(stored)), VARSIZE_ANY_EXHDR(stored)};
}

// Reads digits; false when there are none or too many.
bool ReadNumber(const char **at, std::int64_t most, std::int64_t *number) {
  *number = 0;
  if (**at < '0' || **at > '9') return false;
  for (; **at >= '0' && **at <= '9'; ++*at) {
    if (pg_mul_s64_overflow(*number, 10, number) ||
        pg_add_s64_overflow(*number, **at - '0', number) || *number > most) {
      return false;
    }
  }
  return true;
}

// {bucket:count,...} in the order of the buckets, without blanks.
bool ReadText(const char *at, LatencyHistogram *histogram) {
  std::int64_t last = -1;
  if (*at++ != '{') return false;
  if (at[0] == '}' && at[1] == '\0') return true;
  for (;;) {
    std::int64_t bucket;
    std::int64_t count;
    if (!ReadNumber(&at, LatencyHistogram::kBuckets - 1, &bucket) || bucket <= last) return false;
    if (*at++ != ':' || !ReadNumber(&at, PG_INT64_MAX, &count) || count == 0) return false;
    const std::uint64_t room = LatencyHistogram::kMostCounts - histogram->total();
    if (static_cast<std::uint64_t>(count) > room) return false;
    histogram->AddTo(static_cast<int>(bucket), static_cast<std::uint64_t>(count));
    last = bucket;
    if (*at == '}') return at[1] == '\0';
    if (*at++ != ',') return false;
  }
}

double RequireShare(double p) {
  if (p >= 0.0 && p <= 1.0) return p;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("percentile %g is not between 0 and 1", p),
          errhint("Write 0.99 for the 99th percentile."));
}

void PutBucket(ReturnSetInfo *result, const LatencyHistogram &histogram, int bucket) {
  const double upper = LatencyHistogram::UpperMs(bucket);
  Datum values[] = {Int32GetDatum(bucket), Float8GetDatum(LatencyHistogram::LowerMs(bucket)),
                    Float8GetDatum(upper),
                    Int64GetDatum(static_cast<std::int64_t>(histogram.count(bucket)))};
  bool nulls[] = {false, false, false, false};
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

}  // namespace

void MergeStored(LatencyHistogram &into, const varlena *stored) {
  if (into.MergeEncoded(BytesOf(stored))) return;
  ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("a stored histogram is damaged"));
}

varlena *StoreHistogram(const LatencyHistogram &histogram) {
  std::uint8_t bytes[LatencyHistogram::kMaxEncodedBytes];
  const std::size_t size = histogram.Encode(bytes);
  auto *stored = static_cast<varlena *>(palloc(VARHDRSZ + size));
  SET_VARSIZE(stored, VARHDRSZ + size);
  memcpy(VARDATA(stored), bytes, size);
  return stored;
}

}  // namespace weir::stats

WEIR_FUNCTION(weir_histogram_in) {
  using namespace weir::stats;
  const char *text = PG_GETARG_CSTRING(0);
  weir::core::LatencyHistogram histogram;
  if (!ReadText(text, &histogram)) {
    ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
            errmsg("invalid input syntax for type %s: \"%s\"", "weir.histogram", text),
            errhint("Write {bucket:count,...} in the order of the buckets."));
  }
  PG_RETURN_POINTER(StoreHistogram(histogram));
}

WEIR_FUNCTION(weir_histogram_out) {
  using namespace weir::stats;
  weir::core::LatencyHistogram histogram;
  MergeStored(histogram, PG_GETARG_VARLENA_PP(0));
  StringInfoData text;
  initStringInfo(&text);
  for (int i = 0; i < histogram.kBuckets; i++) {
    if (histogram.count(i) == 0) continue;
    appendStringInfo(&text, "%c%d:" UINT64_FORMAT, text.len == 0 ? '{' : ',', i,
                     histogram.count(i));
  }
  appendStringInfoString(&text, text.len == 0 ? "{}" : "}");
  PG_RETURN_CSTRING(text.data);
}

WEIR_FUNCTION(weir_histogram_recv) {
  using namespace weir::stats;
  auto *message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
  const int size = message->len - message->cursor;
  const auto *bytes = reinterpret_cast<const std::uint8_t *>(pq_getmsgbytes(message, size));
  weir::core::LatencyHistogram histogram;
  if (!histogram.MergeEncoded({bytes, static_cast<std::size_t>(size)})) {
    ereport(ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
            errmsg("invalid binary form of type %s", "weir.histogram"));
  }
  PG_RETURN_POINTER(StoreHistogram(histogram));
}

WEIR_FUNCTION(weir_histogram_send) {
  using namespace weir::stats;
  const auto bytes = BytesOf(PG_GETARG_VARLENA_PP(0));
  StringInfoData message;
  pq_begintypsend(&message);
  pq_sendbytes(&message, reinterpret_cast<const char *>(bytes.data()),
               static_cast<int>(bytes.size()));
  PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

WEIR_FUNCTION(weir_percentile) {
  using namespace weir::stats;
  weir::core::LatencyHistogram histogram;
  MergeStored(histogram, PG_GETARG_VARLENA_PP(0));
  const double p = RequireShare(PG_GETARG_FLOAT8(1));
  if (histogram.total() == 0) PG_RETURN_NULL();
  PG_RETURN_FLOAT8(histogram.Percentile(p));
}

WEIR_FUNCTION(weir_histogram_count) {
  using namespace weir::stats;
  weir::core::LatencyHistogram histogram;
  MergeStored(histogram, PG_GETARG_VARLENA_PP(0));
  PG_RETURN_INT64(static_cast<std::int64_t>(histogram.CountFrom(PG_GETARG_FLOAT8(1))));
}

WEIR_FUNCTION(weir_histogram_buckets) {
  using namespace weir::stats;
  weir::core::LatencyHistogram histogram;
  MergeStored(histogram, PG_GETARG_VARLENA_PP(0));
  InitMaterializedSRF(fcinfo, 0);
  auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
  for (int i = 0; i < histogram.kBuckets; i++) {
    if (histogram.count(i) > 0) PutBucket(result, histogram, i);
  }
  return Datum{0};
}

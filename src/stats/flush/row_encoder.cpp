#include "stats/flush/row_encoder.hpp"

#include "pg/compat.hpp"

#include <iterator>
#include <string_view>

#include "stats/flush/stored_name.hpp"

extern "C" {
#include "libpq/pqformat.h"
#include "nodes/value.h"
#include "tcop/cmdtag.h"
#include "utils/builtins.h"
#include "utils/inet.h"
#include "utils/memutils.h"
}

namespace weir::stats {

namespace {

constexpr const char *kColumns[] = {"tenant_id",
                                    "table_name",
                                    "field_name",
                                    "query_type",
                                    "duration_ms",
                                    "created_at",
                                    "queryid",
                                    "userid",
                                    "application_name",
                                    "client_addr",
                                    "toplevel",
                                    "calls",
                                    "rows",
                                    "min_ms",
                                    "max_ms",
                                    "m2_ms",
                                    "plans",
                                    "plan_ms",
                                    "plan_min_ms",
                                    "plan_max_ms",
                                    "plan_m2_ms",
                                    "shared_blks_hit",
                                    "shared_blks_read",
                                    "shared_blks_dirtied",
                                    "shared_blks_written",
                                    "local_blks_hit",
                                    "local_blks_read",
                                    "local_blks_dirtied",
                                    "local_blks_written",
                                    "temp_blks_read",
                                    "temp_blks_written",
                                    "blk_read_ms",
                                    "blk_write_ms",
                                    "temp_blk_read_ms",
                                    "temp_blk_write_ms",
                                    "wal_records",
                                    "wal_fpi",
                                    "wal_bytes",
                                    "jit_functions",
                                    "jit_generation_ms",
                                    "jit_inlining_count",
                                    "jit_inlining_ms",
                                    "jit_optimization_count",
                                    "jit_optimization_ms",
                                    "jit_emission_count",
                                    "jit_emission_ms",
                                    "sqlstate"};
constexpr int kColumnCount = static_cast<int>(std::size(kColumns));

// Writes the fields of one row, and knows how many it wrote.
class RowWriter {
 public:
  explicit RowWriter(StringInfo out) : out_(out) { pq_sendint16(out_, kColumnCount); }

  void Null() { Length(-1); }
  void Nulls(int count) {
    for (int i = 0; i < count; i++) Null();
  }
  void Int64(std::int64_t value) {
    Length(8);
    pq_sendint64(out_, static_cast<std::uint64_t>(value));
  }
  void Count(std::uint64_t value) { Int64(static_cast<std::int64_t>(value)); }
  void Float8(double value) {
    Length(8);
    pq_sendfloat8(out_, value);
  }
  void ObjectId(Oid value) {
    Length(4);
    pq_sendint32(out_, value);
  }
  void Bool(bool value) {
    Length(1);
    pq_sendint8(out_, value ? 1 : 0);
  }
  // An empty text is written as null.
  void Text(std::string_view value) {
    if (value.empty()) return Null();
    const int length = static_cast<int>(value.size());
    Length(length);
    const int start = out_->len;
    appendBinaryStringInfo(out_, value.data(), length);
    ReplaceInvalidBytes(out_->data + start, length);
  }
  void Bytes(const bytea *value) {
    Length(static_cast<std::int32_t>(VARSIZE_ANY_EXHDR(value)));
    appendBinaryStringInfo(out_, VARDATA_ANY(value), static_cast<int>(VARSIZE_ANY_EXHDR(value)));
  }

 private:
  void Length(std::int32_t length) { pq_sendint32(out_, static_cast<std::uint32_t>(length)); }

  StringInfo out_;
};

std::string_view LoggedText(const char *text, std::size_t size) {
  return {text, strnlen(text, size)};
}

// The client's address in the type's own binary form; nearly always the same as the row before.
const bytea *ClientBytes(const DatabaseSlot &slot, core::NameId id) {
  static core::NameId cached_id = 0;
  static std::uint32_t cached_group = 0;
  static bytea *cached = nullptr;
  if (id == 0 || id == kOtherName) return nullptr;
  if (cached != nullptr && cached_id == id && cached_group == slot.group.load()) return cached;
  const std::string_view name = SessionNamesOf(slot).Get(id);
  char *text = pnstrdup(name.data(), name.size());
  const Datum address = DirectFunctionCall1(inet_in, CStringGetDatum(text));
  const bytea *bytes = DatumGetByteaPP(DirectFunctionCall1(inet_send, address));
  if (cached != nullptr) pfree(cached);
  cached = nullptr;
  cached = static_cast<bytea *>(MemoryContextAlloc(TopMemoryContext, VARSIZE_ANY(bytes)));
  memcpy(cached, bytes, VARSIZE_ANY(bytes));
  cached_id = id;
  cached_group = slot.group.load();
  return cached;
}

void EncodeSpread(RowWriter &row, const core::DurationSummary &durations, std::uint32_t count) {
  if (count <= 1) return row.Nulls(3);
  row.Float8(durations.min);
  row.Float8(durations.max);
  row.Float8(durations.m2);
}

void EncodePlanning(RowWriter &row, const core::QueryRecord &record) {
  if (record.plans == 0) return row.Nulls(5);
  row.Int64(record.plans);
  row.Float8(record.counters.plan.total);
  EncodeSpread(row, record.counters.plan, record.plans);
}

void EncodeLocalBlocks(RowWriter &row, const core::ExecutionCounters &c) {
  if ((c.local_blks_hit | c.local_blks_read | c.local_blks_dirtied | c.local_blks_written) == 0) {
    return row.Nulls(4);
  }
  row.Count(c.local_blks_hit);
  row.Count(c.local_blks_read);
  row.Count(c.local_blks_dirtied);
  row.Count(c.local_blks_written);
}

void EncodeTemporaryBlocks(RowWriter &row, const core::ExecutionCounters &c) {
  if ((c.temp_blks_read | c.temp_blks_written) == 0) return row.Nulls(2);
  row.Count(c.temp_blks_read);
  row.Count(c.temp_blks_written);
}

void EncodeIoTimes(RowWriter &row, const core::ExecutionCounters &c) {
  const float times[] = {c.blk_read_ms, c.blk_write_ms, c.temp_blk_read_ms, c.temp_blk_write_ms};
  const bool any = times[0] != 0 || times[1] != 0 || times[2] != 0 || times[3] != 0;
  if (!any) return row.Nulls(4);
  for (const float time : times) row.Float8(time);
}

void EncodeWal(RowWriter &row, const core::ExecutionCounters &c) {
  if (c.wal_records == 0 && c.wal_bytes == 0) return row.Nulls(3);
  row.Count(c.wal_records);
  row.Count(c.wal_fpi);
  row.Count(c.wal_bytes);
}

void EncodeJit(RowWriter &row, const core::ExecutionCounters &c) {
  if (c.jit_functions == 0 && c.jit_emission_count == 0) return row.Nulls(8);
  row.Count(c.jit_functions);
  row.Float8(c.jit_generation_ms);
  row.Count(c.jit_inlining_count);
  row.Float8(c.jit_inlining_ms);
  row.Count(c.jit_optimization_count);
  row.Float8(c.jit_optimization_ms);
  row.Count(c.jit_emission_count);
  row.Float8(c.jit_emission_ms);
}

void EncodeSqlstate(RowWriter &row, std::int32_t sqlstate) {
  if (sqlstate == 0) return row.Null();
  row.Text(unpack_sql_state(sqlstate));
}

void EncodeStatementNames(RowWriter &row, const DatabaseSlot &slot,
                          const core::QueryRecord &record) {
  const core::StringTable &names = NamesOf(slot);
  row.Text(names.Get(record.table));
  row.Text(names.Get(record.field));
  row.Text(GetCommandTagName(static_cast<CommandTag>(record.command_tag)));
}

void EncodeLoggedNames(RowWriter &row, const core::LoggedNames &names) {
  row.Text(LoggedText(names.table_name, sizeof(names.table_name)));
  row.Text(LoggedText(names.field_name, sizeof(names.field_name)));
  row.Text(LoggedText(names.query_type, sizeof(names.query_type)));
}

void EncodeIdentity(RowWriter &row, const DatabaseSlot &slot, const core::QueryRecord &record) {
  row.Float8(record.exec.total / record.calls);
  row.Int64(record.ended_at);
  if (record.query_id == 0) {
    row.Null();
  } else {
    row.Int64(static_cast<std::int64_t>(record.query_id));
  }
  row.ObjectId(record.user_id);
  row.Text(SessionNamesOf(slot).Get(record.application));
  if (const bytea *client = ClientBytes(slot, record.client)) {
    row.Bytes(client);
  } else {
    row.Null();
  }
}

void EncodeCounters(RowWriter &row, const core::ExecutionCounters &c) {
  row.Count(c.shared_blks_hit);
  row.Count(c.shared_blks_read);
  row.Count(c.shared_blks_dirtied);
  row.Count(c.shared_blks_written);
  EncodeLocalBlocks(row, c);
  EncodeTemporaryBlocks(row, c);
  EncodeIoTimes(row, c);
  EncodeWal(row, c);
  EncodeJit(row, c);
}

void EncodeRecord(StringInfo out, const DatabaseSlot &slot, const core::QueryRecord &record) {
  constexpr int kCounterColumns = 25;
  const bool is_statement = record.source == core::RecordSource::kStatement;
  RowWriter row(out);
  row.Text(TenantsOf(slot).Get(record.tenant));
  if (is_statement) {
    EncodeStatementNames(row, slot, record);
  } else {
    EncodeLoggedNames(row, record.logged);
  }
  EncodeIdentity(row, slot, record);
  if (is_statement) {
    row.Bool(record.toplevel);
  } else {
    row.Null();
  }
  row.Int64(record.calls);
  if (is_statement) {
    row.Int64(record.counters.rows);
  } else {
    row.Null();
  }
  EncodeSpread(row, record.exec, record.calls);
  if (is_statement) {
    EncodePlanning(row, record);
    EncodeCounters(row, record.counters);
  } else {
    row.Nulls(5 + kCounterColumns);
  }
  EncodeSqlstate(row, record.sqlstate);
}

}  // namespace

void EncodeRecords(StringInfo out, const DatabaseSlot &slot, const core::QueryRecord *records,
                   std::size_t count) {
  // The signature with its closing zero, then flags and the length of an empty header extension.
  static constexpr char kSignature[] = "PGCOPY\n\377\r\n";
  appendBinaryStringInfo(out, kSignature, sizeof(kSignature));
  pq_sendint32(out, 0);
  pq_sendint32(out, 0);
  for (std::size_t i = 0; i < count; i++) EncodeRecord(out, slot, records[i]);
  pq_sendint16(out, static_cast<std::uint16_t>(-1));
}

List *EncodedColumns() {
  List *columns = NIL;
  for (const char *name : kColumns) {
    columns = lappend(columns, makeString(const_cast<char *>(name)));
  }
  return columns;
}

}  // namespace weir::stats

#include "stats/flush/log_row.hpp"

#include "pg/compat.hpp"

#include <string_view>

#include "stats/flush/stored_name.hpp"

extern "C" {
#include "tcop/cmdtag.h"
#include "utils/builtins.h"
#include "utils/inet.h"
#include "utils/memutils.h"
}

namespace weir::stats {

namespace {

// Fills the columns of one row in their order.
class RowWriter {
 public:
  explicit RowWriter(const LogRow &row) : row_(row) {}

  void Null() { row_.nulls[column_++] = true; }
  void Nulls(int count) {
    for (int i = 0; i < count; i++) Null();
  }
  void Value(Datum value) {
    row_.values[column_] = value;
    row_.nulls[column_++] = false;
  }
  void Int64(std::int64_t value) { Value(Int64GetDatum(value)); }
  void Count(std::uint64_t value) { Int64(static_cast<std::int64_t>(value)); }
  void Float8(double value) { Value(Float8GetDatum(value)); }
  // An empty text is written as null.
  void Text(std::string_view value) {
    if (value.empty()) return Null();
    const int length = static_cast<int>(value.size());
    text *stored = cstring_to_text_with_len(value.data(), length);
    ReplaceInvalidBytes(VARDATA(stored), length);
    Value(PointerGetDatum(stored));
  }

 private:
  const LogRow &row_;
  int column_ = kFirstLogColumn;
};

std::string_view LoggedText(const char *text, std::size_t size) {
  return {text, strnlen(text, size)};
}

// The client's address, null when there is none; nearly always the same as the row before.
inet *ClientOf(const DatabaseSlot &slot, core::NameId id) {
  static core::NameId cached_id = 0;
  static std::uint32_t cached_group = 0;
  static inet *cached = nullptr;
  if (id == 0 || id == kOtherName) return nullptr;
  if (cached != nullptr && cached_id == id && cached_group == slot.group.load()) return cached;
  const std::string_view name = SessionNamesOf(slot).Get(id);
  char *text = pnstrdup(name.data(), name.size());
  inet *address = DatumGetInetPP(DirectFunctionCall1(inet_in, CStringGetDatum(text)));
  if (cached != nullptr) pfree(cached);
  cached = nullptr;
  cached = static_cast<inet *>(MemoryContextAlloc(TopMemoryContext, VARSIZE_ANY(address)));
  memcpy(cached, address, VARSIZE_ANY(address));
  cached_id = id;
  cached_group = slot.group.load();
  return cached;
}

void FormSpread(RowWriter &row, const core::DurationSummary &durations, std::uint32_t count) {
  if (count <= 1) return row.Nulls(3);
  row.Float8(durations.min);
  row.Float8(durations.max);
  row.Float8(durations.m2);
}

void FormPlanning(RowWriter &row, const core::QueryRecord &record) {
  if (record.plans == 0) return row.Nulls(5);
  row.Int64(record.plans);
  row.Float8(record.counters.plan.total);
  FormSpread(row, record.counters.plan, record.plans);
}

void FormLocalBlocks(RowWriter &row, const core::ExecutionCounters &c) {
  if ((c.local_blks_hit | c.local_blks_read | c.local_blks_dirtied | c.local_blks_written) == 0) {
    return row.Nulls(4);
  }
  row.Count(c.local_blks_hit);
  row.Count(c.local_blks_read);
  row.Count(c.local_blks_dirtied);
  row.Count(c.local_blks_written);
}

void FormTemporaryBlocks(RowWriter &row, const core::ExecutionCounters &c) {
  if ((c.temp_blks_read | c.temp_blks_written) == 0) return row.Nulls(2);
  row.Count(c.temp_blks_read);
  row.Count(c.temp_blks_written);
}

void FormIoTimes(RowWriter &row, const core::ExecutionCounters &c) {
  const float times[] = {c.blk_read_ms, c.blk_write_ms, c.temp_blk_read_ms, c.temp_blk_write_ms};
  const bool any = times[0] != 0 || times[1] != 0 || times[2] != 0 || times[3] != 0;
  if (!any) return row.Nulls(4);
  for (const float time : times) row.Float8(time);
}

void FormWal(RowWriter &row, const core::ExecutionCounters &c) {
  if (c.wal_records == 0 && c.wal_bytes == 0) return row.Nulls(3);
  row.Count(c.wal_records);
  row.Count(c.wal_fpi);
  row.Count(c.wal_bytes);
}

void FormJit(RowWriter &row, const core::ExecutionCounters &c) {
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

void FormSqlstate(RowWriter &row, std::int32_t sqlstate) {
  if (sqlstate == 0) return row.Null();
  row.Text(unpack_sql_state(sqlstate));
}

void FormStatementNames(RowWriter &row, const DatabaseSlot &slot, const core::QueryRecord &record) {
  const core::StringTable &names = NamesOf(slot);
  row.Text(names.Get(record.table));
  row.Text(names.Get(record.field));
  row.Text(GetCommandTagName(static_cast<CommandTag>(record.command_tag)));
}

void FormLoggedNames(RowWriter &row, const core::LoggedNames &names) {
  row.Text(LoggedText(names.table_name, sizeof(names.table_name)));
  row.Text(LoggedText(names.field_name, sizeof(names.field_name)));
  row.Text(LoggedText(names.query_type, sizeof(names.query_type)));
}

void FormIdentity(RowWriter &row, const DatabaseSlot &slot, const core::QueryRecord &record) {
  row.Float8(record.exec.total / record.calls);
  row.Int64(record.ended_at);
  if (record.query_id == 0) {
    row.Null();
  } else {
    row.Int64(static_cast<std::int64_t>(record.query_id));
  }
  row.Value(ObjectIdGetDatum(record.user_id));
  row.Text(SessionNamesOf(slot).Get(record.application));
  if (inet *client = ClientOf(slot, record.client)) {
    row.Value(InetPGetDatum(client));
  } else {
    row.Null();
  }
}

void FormCounters(RowWriter &row, const core::ExecutionCounters &c) {
  row.Count(c.shared_blks_hit);
  row.Count(c.shared_blks_read);
  row.Count(c.shared_blks_dirtied);
  row.Count(c.shared_blks_written);
  FormLocalBlocks(row, c);
  FormTemporaryBlocks(row, c);
  FormIoTimes(row, c);
  FormWal(row, c);
  FormJit(row, c);
}

}  // namespace

void FormLogRow(const DatabaseSlot &slot, const core::QueryRecord &record, const LogRow &log_row) {
  constexpr int kCounterColumns = 25;
  const bool is_statement = record.source == core::RecordSource::kStatement;
  RowWriter row(log_row);
  row.Text(TenantsOf(slot).Get(record.tenant));
  if (is_statement) {
    FormStatementNames(row, slot, record);
  } else {
    FormLoggedNames(row, record.logged);
  }
  FormIdentity(row, slot, record);
  if (is_statement) {
    row.Value(BoolGetDatum(record.toplevel));
  } else {
    row.Null();
  }
  row.Int64(record.calls);
  if (is_statement) {
    row.Int64(record.counters.rows);
  } else {
    row.Null();
  }
  FormSpread(row, record.exec, record.calls);
  if (is_statement) {
    FormPlanning(row, record);
    FormCounters(row, record.counters);
  } else {
    row.Nulls(5 + kCounterColumns);
  }
  FormSqlstate(row, record.sqlstate);
}

}  // namespace weir::stats

// Records as rows of weir.query_stats.
#pragma once

#include <iterator>

#include "pg/pg.hpp"
#include "stats/shared_state.hpp"

extern "C" {
#include "catalog/pg_type_d.h"
}

namespace weir::stats {

struct LogColumn {
  const char *name;
  Oid type;
  bool has_value = false;  // in each row
};

// The columns of weir.query_stats. The first is an identity.
constexpr LogColumn kLogColumns[] = {{"id", INT8OID, true},
                                     {"tenant_id", TEXTOID},
                                     {"table_name", TEXTOID},
                                     {"field_name", TEXTOID},
                                     {"query_type", TEXTOID},
                                     {"duration_ms", FLOAT8OID, true},
                                     {"created_at", TIMESTAMPTZOID, true},
                                     {"queryid", INT8OID},
                                     {"userid", OIDOID},
                                     {"application_name", TEXTOID},
                                     {"client_addr", INETOID},
                                     {"toplevel", BOOLOID},
                                     {"calls", INT8OID, true},
                                     {"rows", INT8OID},
                                     {"min_ms", FLOAT8OID},
                                     {"max_ms", FLOAT8OID},
                                     {"m2_ms", FLOAT8OID},
                                     {"plans", INT8OID},
                                     {"plan_ms", FLOAT8OID},
                                     {"plan_min_ms", FLOAT8OID},
                                     {"plan_max_ms", FLOAT8OID},
                                     {"plan_m2_ms", FLOAT8OID},
                                     {"shared_blks_hit", INT8OID},
                                     {"shared_blks_read", INT8OID},
                                     {"shared_blks_dirtied", INT8OID},
                                     {"shared_blks_written", INT8OID},
                                     {"local_blks_hit", INT8OID},
                                     {"local_blks_read", INT8OID},
                                     {"local_blks_dirtied", INT8OID},
                                     {"local_blks_written", INT8OID},
                                     {"temp_blks_read", INT8OID},
                                     {"temp_blks_written", INT8OID},
                                     {"blk_read_ms", FLOAT8OID},
                                     {"blk_write_ms", FLOAT8OID},
                                     {"temp_blk_read_ms", FLOAT8OID},
                                     {"temp_blk_write_ms", FLOAT8OID},
                                     {"wal_records", INT8OID},
                                     {"wal_fpi", INT8OID},
                                     {"wal_bytes", INT8OID},
                                     {"jit_functions", INT8OID},
                                     {"jit_generation_ms", FLOAT8OID},
                                     {"jit_inlining_count", INT8OID},
                                     {"jit_inlining_ms", FLOAT8OID},
                                     {"jit_optimization_count", INT8OID},
                                     {"jit_optimization_ms", FLOAT8OID},
                                     {"jit_emission_count", INT8OID},
                                     {"jit_emission_ms", FLOAT8OID},
                                     {"sqlstate", TEXTOID}};
constexpr int kLogColumnCount = static_cast<int>(std::size(kLogColumns));
constexpr int kFirstLogColumn = 1;  // behind the identity

// Where the values of a row are put, an entry for each column.
struct LogRow {
  Datum *values;
  bool *nulls;
};

// Fills all columns but the identity, by memory of the current context. Names come from the slot's
// string tables.
void FormLogRow(const DatabaseSlot &slot, const core::QueryRecord &record, const LogRow &row);

}  // namespace weir::stats

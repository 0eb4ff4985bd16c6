#include "server/observe.hpp"

#include <fmt/format.h>

#include "plan/scenario.hpp"

namespace weir::sim {
namespace {

// $1 and $2 are the window; the load's sessions call themselves weirsim.
constexpr const char *kOfTheLoad =
    "created_at BETWEEN $1::timestamptz AND $2::timestamptz AND application_name = 'weirsim'";

// Percentiles of durations that stand for `calls` statements each, by `keys`.
std::string WithPercentiles(const std::string &keys, const std::string &condition,
                            const std::string &order) {
  return fmt::format(
      "WITH ranked AS (SELECT {0}, duration_ms, calls, rows, sqlstate, tenant_id AS tenant,"
      "  shared_blks_hit + shared_blks_read AS blocks,"
      "  sum(calls) OVER (PARTITION BY {0} ORDER BY duration_ms) AS upto,"
      "  sum(calls) OVER (PARTITION BY {0}) AS total"
      "  FROM weir.query_stats WHERE {1} AND {2}) "
      "SELECT {0}, max(total), sum(duration_ms * calls) / max(total),"
      " min(duration_ms) FILTER (WHERE upto >= 0.50 * total),"
      " min(duration_ms) FILTER (WHERE upto >= 0.95 * total),"
      " min(duration_ms) FILTER (WHERE upto >= 0.99 * total),"
      " sum(duration_ms * calls), coalesce(sum(calls) FILTER (WHERE sqlstate IS NOT NULL), 0),"
      " coalesce(sum(rows), 0), coalesce(sum(blocks), 0), count(DISTINCT tenant) "
      "FROM ranked GROUP BY {0} ORDER BY {3}",
      keys, kOfTheLoad, condition, order);
}

double Number(const std::optional<std::string> &value) { return value ? std::stod(*value) : 0; }

Json Text(const std::optional<std::string> &value) { return value ? Json(*value) : Json(nullptr); }

// The columns after the keys.
void AddFigures(Json &object, const Row &row, std::size_t first) {
  object["calls"] = static_cast<std::int64_t>(Number(row[first]));
  object["avg_ms"] = Number(row[first + 1]);
  object["p50_ms"] = Number(row[first + 2]);
  object["p95_ms"] = Number(row[first + 3]);
  object["p99_ms"] = Number(row[first + 4]);
  object["total_ms"] = Number(row[first + 5]);
  object["errors"] = static_cast<std::int64_t>(Number(row[first + 6]));
}

}  // namespace

Json TenantsOf(Connection &connection, const LogWindow &window) {
  Json tenants = Json::array();
  for (const Row &row : connection.Query(
           WithPercentiles("tenant_id", "tenant_id LIKE 'tenant %' AND query_type <> 'SET'",
                           "sum(duration_ms * calls) DESC"),
           {window.from, window.to})) {
    const std::string name = row[0].value_or("");
    const auto index = static_cast<std::size_t>(std::stoll(name.substr(sizeof("tenant"))) - 1);
    Json tenant = {{"tenant", name}, {"persona", Personas()[index % Personas().size()].name}};
    AddFigures(tenant, row, 1);
    tenants.push_back(tenant);
  }
  return tenants;
}

Json QueriesOf(Connection &connection, const LogWindow &window) {
  Json queries = Json::array();
  for (const Row &row :
       connection.Query(WithPercentiles("queryid, query_type", "query_type <> 'SET'",
                                        "sum(duration_ms * calls) DESC LIMIT 12"),
                        {window.from, window.to})) {
    Json query = {{"queryid", row[0].value_or("")}, {"type", Text(row[1])}, {"query", nullptr}};
    AddFigures(query, row, 2);
    query["rows"] = static_cast<std::int64_t>(Number(row[9]));
    query["blocks"] = static_cast<std::int64_t>(Number(row[10]));
    if (row[0]) {
      const std::string text = connection.Value(
          "SELECT query FROM weir.query_texts WHERE queryid = $1::bigint LIMIT 1", {*row[0]});
      if (!text.empty()) query["query"] = text;
    }
    queries.push_back(query);
  }
  return queries;
}

Json FieldsOf(Connection &connection, const LogWindow &window) {
  Json fields = Json::array();
  for (const Row &row :
       connection.Query(WithPercentiles("table_name, field_name, query_type",
                                        "table_name IS NOT NULL", "sum(duration_ms * calls) DESC"),
                        {window.from, window.to})) {
    Json field = {{"table", Text(row[0])}, {"field", Text(row[1])}, {"type", Text(row[2])}};
    AddFigures(field, row, 3);
    field["tenants"] = static_cast<std::int64_t>(Number(row[12]));
    fields.push_back(field);
  }
  return fields;
}

Json SettingsOf(Connection &connection) {
  Json settings = Json::object();
  for (const Row &row : connection.Run(
           "SELECT name, current_setting(name) FROM pg_settings WHERE name ~ '^weir\\.' OR name IN "
           "('shared_buffers', 'work_mem', 'max_connections', 'fsync', 'synchronous_commit', "
           "'full_page_writes', 'max_wal_size', 'jit', 'shared_preload_libraries', "
           "'track_io_timing', 'max_parallel_workers_per_gather') "
           "ORDER BY name !~ '^weir\\.', name")) {
    settings[row[0].value_or("")] = row[1].value_or("");
  }
  return settings;
}

Logged LoggedOf(Connection &connection, const LogWindow &window) {
  const std::vector<Row> rows = connection.Query(
      fmt::format(
          "SELECT coalesce(sum(calls), 0), coalesce(sum(calls) FILTER (WHERE sqlstate IS NOT "
          "NULL), 0) FROM weir.query_stats WHERE {}",
          kOfTheLoad),
      {window.from, window.to});
  return {std::stoll(rows[0][0].value_or("0")), std::stoll(rows[0][1].value_or("0"))};
}

}  // namespace weir::sim

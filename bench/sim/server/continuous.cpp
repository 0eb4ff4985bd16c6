#include "server/continuous.hpp"

#include <fmt/format.h>

#include "support/failure.hpp"

namespace weir::sim {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostRows = 12;

constexpr const char *kByTenantAndType =
    "SELECT tenant_id, type, count(*) AS interactions, max(occurred_at) AS latest "
    "FROM weirsim.interactions GROUP BY tenant_id, type";

constexpr const char *kByMinuteAndTenant =
    "SELECT weir.tumble(created_at, '1 minute') AS minute, tenant_id, sum(calls) AS statements, "
    "max(duration_ms) AS most_ms "
    "FROM weir.query_stats GROUP BY weir.tumble(created_at, '1 minute'), tenant_id";

}  // namespace

ContinuousQueries::ContinuousQueries(Connection &connection) : connection_(connection) {
  if (connection_.Value("SELECT to_regproc('weir.create_query') IS NOT NULL") != "t") return;
  queries_.push_back({"weirsim.interactions_by_type", kByTenantAndType,
                      "Interactions by tenant and type", "interactions DESC"});
  queries_.push_back({"weirsim.load_by_minute", kByMinuteAndTenant,
                      "Statements by minute and tenant", "minute DESC, statements DESC"});
  for (Query &query : queries_) Create(query);
}

ContinuousQueries::~ContinuousQueries() {
  for (const Query &query : queries_) {
    if (!query.is_created) continue;
    try {
      connection_.Query("SELECT weir.drop_query($1::regclass)", {query.name});
    } catch (const Failure &) {
      // The schema is dropped with the next seeding, and the query with it.
    }
  }
}

void ContinuousQueries::Create(Query &query) {
  try {
    if (connection_.Value("SELECT to_regclass($1) IS NOT NULL", {query.name}) == "t") {
      connection_.Query("SELECT weir.drop_query($1::regclass)", {query.name});
    }
    connection_.Query("SELECT weir.create_query($1, $2)", {query.name, query.text});
    query.is_created = true;
  } catch (const Failure &failure) {
    query.error = failure.what();
  }
}

Json ContinuousQueries::Read() {
  if (queries_.empty()) return nullptr;
  Json list = Json::array();
  for (const Query &query : queries_) list.push_back(ReadOne(query));
  return list;
}

Json ContinuousQueries::ReadOne(const Query &query) {
  Json one = {{"name", query.title}, {"query", query.text}};
  if (!query.is_created) {
    one["error"] = query.error;
    return one;
  }
  try {
    connection_.Query("SELECT weir.wait($1::regclass)", {query.name});
    // Both arms see one snapshot, so they may not differ at all.
    one["differences"] = std::stoll(connection_.Value(fmt::format(
        "SELECT count(*) FROM ((TABLE {0} EXCEPT ALL {1}) UNION ALL ({1} EXCEPT ALL TABLE {0})) d",
        query.name, query.text)));
    one["groups"] = std::stoll(connection_.Value("SELECT count(*) FROM " + query.name));
    one["rows"] = Json::parse(connection_.Value(
        fmt::format("SELECT coalesce(json_agg(r), '[]') FROM (TABLE {} ORDER BY {} LIMIT {}) r",
                    query.name, query.order, kMostRows)));
  } catch (const Failure &failure) {
    one["error"] = failure.what();
  }
  return one;
}

}  // namespace weir::sim

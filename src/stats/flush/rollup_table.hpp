// The tables of weir.rollups, one for each width of bucket, row by row.
#pragma once

#include <cstdint>

#include "core/record/rollup_figures.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "catalog/indexing.h"
#include "executor/tuptable.h"
}

namespace weir::stats {

enum class Width : int { kMinute, kHour, kDay };
constexpr int kWidths = 3;
constexpr int kMinutesOf[kWidths] = {1, 60, 1440};
constexpr const char *kTableOf[kWidths] = {"rollups_minute", "rollups_hour", "rollups_day"};

constexpr core::Timestamp BucketOf(core::Timestamp time, Width width) {
  return core::BucketStart(time, kMinutesOf[static_cast<int>(width)] * std::int64_t{60'000'000});
}

// What a row is found by. No padding that is not set: it is compared by bytes.
struct RollupPlace {
  core::Timestamp bucket;
  std::int64_t kind;
  std::uint32_t user_id;  // follows from the kind
  Width width;
};
static_assert(sizeof(RollupPlace) == 24);

// A table that is written. Opened and closed in one transaction.
struct RollupTable {
  Relation relation;
  Oid primary_key;
  CatalogIndexState indexes;
};

RollupTable OpenRollups(Width width);
void CloseRollups(const RollupTable &table);

// Adds `figures` to the row of `place`, or makes it. At most once for each place between two
// CommandCounterIncrement(). Changes `figures` to what the row then holds.
void AddToRow(const RollupTable &table, const RollupPlace &place, core::RollupFigures &figures);

// Reads a row of any of the tables, all columns in their order.
void ReadRow(HeapTuple tuple, TupleDesc description, RollupPlace *place,
             core::RollupFigures *figures);

}  // namespace weir::stats

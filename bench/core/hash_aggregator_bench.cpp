// What a row costs the aggregator: finding its group, and finding it and updating the states.
#include "core/group/hash_aggregator.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/column/text_word.hpp"

namespace weir::core {
namespace {

constexpr int kBatches = 256;  // cycled through, so that many groups are met in turn

// A column's arrays for all batches.
struct Values {
  explicit Values(ValueKind kind) : kind(kind) {
    constexpr std::size_t kRows = static_cast<std::size_t>(kBatches) * kBatchRows;
    word.resize(kRows);
    null.resize(kRows);
    if (kind != ValueKind::kText) return;
    high.resize(kRows);
    outline.resize(kRows);
    length.resize(kRows);
  }

  Column Batch(int batch) {
    const std::size_t at = static_cast<std::size_t>(batch) * kBatchRows;
    Column column;
    column.kind = kind;
    column.word = &word[at];
    column.null = &null[at];
    if (kind != ValueKind::kText) return column;
    column.high = &high[at];
    column.outline = &outline[at];
    column.length = &length[at];
    return column;
  }

  ValueKind kind;
  std::vector<std::int64_t> word;
  std::vector<std::uint64_t> high;
  std::vector<const char *> outline;
  std::vector<std::uint32_t> length;
  std::vector<std::uint8_t> null;
};

// Keys in a random order that repeats.
std::uint64_t KeyAt(std::size_t row, std::uint64_t groups) {
  return (row * 0x9E3779B97F4A7C15ULL >> 20) % groups;
}

Values IntegerKeys(std::uint64_t groups) {
  Values keys(ValueKind::kInt64);
  for (std::size_t i = 0; i < keys.word.size(); ++i) {
    keys.word[i] = static_cast<std::int64_t>(KeyAt(i, groups));
  }
  return keys;
}

Values TextKeys(std::uint64_t groups) {
  Values keys(ValueKind::kText);
  for (std::size_t i = 0; i < keys.word.size(); ++i) {
    const std::string text = "SYM" + std::to_string(KeyAt(i, groups));
    PackInline(text.data(), static_cast<std::uint32_t>(text.size()), text.data(), &keys.word[i],
               &keys.high[i]);
  }
  return keys;
}

AggregatorPlan PlanOf(ValueKind key, std::uint32_t need) {
  AggregatorPlan plan;
  plan.layout.key_count = 1;
  plan.layout.column_count = 2;
  plan.layout.need[1] = need;
  plan.kinds[0] = key;
  plan.kinds[1] = ValueKind::kFloat8;
  const bool nullable[] = {true, false};
  FinishLayout(plan.layout, plan.kinds, nullable);
  return plan;
}

void Consume(benchmark::State &state, Values keys, std::uint32_t need) {
  const AggregatorPlan plan = PlanOf(keys.kind, need);
  Values prices(ValueKind::kFloat8);
  for (std::size_t i = 0; i < prices.word.size(); ++i) {
    prices.word[i] = AsWord(static_cast<double>(i % 977) * 0.1);
  }
  HashAggregator aggregator(*std::pmr::new_delete_resource(), plan, SIZE_MAX / 4,
                            static_cast<double>(state.range(0)));
  int batch = 0;
  for (auto _ : state) {
    Column columns[] = {keys.Batch(batch), prices.Batch(batch)};
    benchmark::DoNotOptimize(aggregator.Place(columns, kBatchRows));
    if (need != 0) benchmark::DoNotOptimize(aggregator.Update(columns, kBatchRows));
    batch = (batch + 1) % kBatches;
  }
  state.SetItemsProcessed(state.iterations() * kBatchRows);
  state.counters["groups"] = static_cast<double>(aggregator.groups().count());
}

constexpr std::uint32_t kEverything = kNeedSum | kNeedMin | kNeedMax;

void FindIntegers(benchmark::State &state) {
  Consume(state, IntegerKeys(static_cast<std::uint64_t>(state.range(0))), 0);
}
BENCHMARK(FindIntegers)->Arg(100)->Arg(10'000)->Arg(200'000);

void FindTexts(benchmark::State &state) {
  Consume(state, TextKeys(static_cast<std::uint64_t>(state.range(0))), 0);
}
BENCHMARK(FindTexts)->Arg(100)->Arg(10'000)->Arg(200'000);

void SumByInteger(benchmark::State &state) {
  Consume(state, IntegerKeys(static_cast<std::uint64_t>(state.range(0))), kNeedSum);
}
BENCHMARK(SumByInteger)->Arg(100)->Arg(10'000)->Arg(200'000);

void SumMinMaxByText(benchmark::State &state) {
  Consume(state, TextKeys(static_cast<std::uint64_t>(state.range(0))), kEverything);
}
BENCHMARK(SumMinMaxByText)->Arg(100)->Arg(10'000)->Arg(200'000);

void Deviations(benchmark::State &state) {
  Consume(state, IntegerKeys(static_cast<std::uint64_t>(state.range(0))), kNeedMoments);
}
BENCHMARK(Deviations)->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace weir::core

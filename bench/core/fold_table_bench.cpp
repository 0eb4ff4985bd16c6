// What a record costs a backend while the ring is full.
#include "core/shared/fold_table.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>

#include "shared_memory.hpp"

namespace weir::core {
namespace {

// `keys` different statements in turn into a table of 32 entries.
void Fold(benchmark::State &state) {
  using Table = FoldTable<32>;
  bench::SharedMemory memory(Table::BytesFor());
  Table *table = Table::Create(memory.get());
  const auto keys = static_cast<std::uint64_t>(state.range(0));
  QueryRecord record{};
  record.calls = 1;
  record.exec = DurationSummary::Of(0.25);
  std::uint64_t i = 0;
  for (auto _ : state) {
    record.query_id = i++ % keys;
    benchmark::DoNotOptimize(table->Fold(record, 0));
  }
}
BENCHMARK(Fold)->Arg(1)->Arg(8)->Arg(32);

// The price of a record that finds neither room nor its key.
void FoldRefused(benchmark::State &state) {
  using Table = FoldTable<32>;
  bench::SharedMemory memory(Table::BytesFor());
  Table *table = Table::Create(memory.get());
  QueryRecord record{};
  record.calls = 1;
  while (table->Fold(record, 0) && record.query_id < 31) ++record.query_id;
  record.query_id = 99;
  for (auto _ : state) benchmark::DoNotOptimize(table->Fold(record, 0));
}
BENCHMARK(FoldRefused);

}  // namespace
}  // namespace weir::core

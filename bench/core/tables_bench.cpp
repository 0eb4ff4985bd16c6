// The look-ups that a backend makes for every statement, and folding.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/fingerprint_set.hpp"
#include "core/fold_table.hpp"
#include "core/string_table.hpp"
#include "shared_memory.hpp"

namespace weir::core {
namespace {

constexpr std::uint32_t kNames = 4096;  // a power of two

// All names of a table in turn, as a server with many tenants sees them.
void InternHit(benchmark::State &state) {
  bench::SharedMemory memory(StringTable::BytesFor(kNames));
  StringTable *table = StringTable::Create(memory.get(), kNames);
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < kNames; ++i) {
    names.push_back("tenant_" + std::to_string(i));
    table->Intern(names.back());
  }
  std::uint32_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(table->Intern(names[i++ % kNames]));
}
BENCHMARK(InternHit);

// One name again and again, as one session sees it.
void InternSameHit(benchmark::State &state) {
  bench::SharedMemory memory(StringTable::BytesFor(kNames));
  StringTable *table = StringTable::Create(memory.get(), kNames);
  const std::string name = "tenant_4711";
  for (auto _ : state) benchmark::DoNotOptimize(table->Intern(name));
}
BENCHMARK(InternSameHit);

void InternIntoFullTable(benchmark::State &state) {
  bench::SharedMemory memory(StringTable::BytesFor(kNames));
  StringTable *table = StringTable::Create(memory.get(), kNames);
  for (std::uint32_t i = 0; i < kNames; ++i) table->Intern("tenant_" + std::to_string(i));
  const std::string name = "another";
  for (auto _ : state) benchmark::DoNotOptimize(table->Intern(name));
}
BENCHMARK(InternIntoFullTable);

void ContainsHit(benchmark::State &state) {
  bench::SharedMemory memory(FingerprintSet::BytesFor(16'384));
  FingerprintSet *set = FingerprintSet::Create(memory.get(), 16'384);
  for (std::uint64_t i = 1; i <= 4096; ++i) set->Add(i * 0x9E3779B97F4A7C15);
  std::uint64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(set->Contains((1 + i++ % 4096) * 0x9E3779B97F4A7C15));
  }
}
BENCHMARK(ContainsHit);

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

// What a backend pays for the number of a name it has seen before.
#include "core/shared/string_table.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

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

}  // namespace
}  // namespace weir::core

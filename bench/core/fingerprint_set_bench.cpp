// What a backend pays to learn that a text was sent.
#include "core/shared/fingerprint_set.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>

#include "shared_memory.hpp"

namespace weir::core {
namespace {

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

}  // namespace
}  // namespace weir::core

// What it costs to hand over a query text, once per query.
#include "core/shared/byte_ring.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "shared_memory.hpp"

namespace weir::core {
namespace {

void PushAndConsumeText(benchmark::State &state) {
  constexpr std::uint32_t kCapacity = 1 << 20;
  bench::SharedMemory memory(ByteRing::BytesFor(kCapacity));
  ByteRing *ring = ByteRing::Create(memory.get(), kCapacity);
  const std::string head(16, 'h');
  const std::string text(static_cast<std::size_t>(state.range(0)), 't');
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    ring->TryPush(head, text);
    std::uint64_t next;
    ring->Peek(
        ring->tail(), 1, [&](std::string_view entry) { bytes += entry.size(); }, &next);
    ring->MoveTail(next);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(PushAndConsumeText)->Arg(80)->Arg(1000);

}  // namespace
}  // namespace weir::core

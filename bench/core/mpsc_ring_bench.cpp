// What a backend pays for handing over a record, and the worker for taking it.
#include "core/shared/mpsc_ring.hpp"

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "shared_memory.hpp"

namespace weir::core {
namespace {

using Ring = MpscRing<QueryRecord>;

constexpr std::uint32_t kCapacity = 8192;

QueryRecord SomeRecord() {
  QueryRecord record{};
  record.query_id = 0x1234;
  record.calls = 1;
  record.exec = DurationSummary::Of(0.25);
  return record;
}

// A ring's worth of pushes at a time; emptying it in between is not measured.
void PushUncontended(benchmark::State &state) {
  bench::SharedMemory memory(Ring::BytesFor(kCapacity));
  Ring *ring = Ring::Create(memory.get(), kCapacity);
  const QueryRecord record = SomeRecord();
  while (state.KeepRunningBatch(kCapacity)) {
    for (std::uint32_t i = 0; i < kCapacity; ++i) {
      benchmark::DoNotOptimize(ring->TryPush(record, 1));
    }
    state.PauseTiming();
    ring->MoveTail(ring->head());
    state.ResumeTiming();
  }
}
BENCHMARK(PushUncontended);

// One record in, one out: all in the nearest cache.
void PushAndConsume(benchmark::State &state) {
  bench::SharedMemory memory(Ring::BytesFor(kCapacity));
  Ring *ring = Ring::Create(memory.get(), kCapacity);
  const QueryRecord record = SomeRecord();
  std::uint64_t calls = 0;
  for (auto _ : state) {
    ring->TryPush(record, 1);
    ring->Peek(ring->tail(), 1, [&](const QueryRecord &seen) { calls += seen.calls; });
    ring->MoveTail(ring->tail() + 1);
  }
  benchmark::DoNotOptimize(calls);
}
BENCHMARK(PushAndConsume);

void Consume(benchmark::State &state) {
  bench::SharedMemory memory(Ring::BytesFor(kCapacity));
  Ring *ring = Ring::Create(memory.get(), kCapacity);
  const QueryRecord record = SomeRecord();
  QueryRecord copy;
  while (state.KeepRunningBatch(kCapacity)) {
    state.PauseTiming();
    while (ring->TryPush(record, 1)) continue;
    state.ResumeTiming();
    ring->Peek(ring->tail(), kCapacity, [&](const QueryRecord &seen) {
      copy = seen;
      benchmark::DoNotOptimize(copy);
    });
    ring->MoveTail(ring->head());
  }
}
BENCHMARK(Consume);

// Producers that meet at the head. The ring is as long as the run, so nobody is refused and no
// consumer is needed.
constexpr std::uint32_t kContendedCapacity = 1 << 17;

void PushContended(benchmark::State &state) {
  static bench::SharedMemory *memory;
  static Ring *ring;
  if (state.thread_index() == 0) {
    memory = new bench::SharedMemory(Ring::BytesFor(kContendedCapacity));
    ring = Ring::Create(memory->get(), kContendedCapacity);
  }
  const QueryRecord record = SomeRecord();
  std::uint64_t refused = 0;
  for (auto _ : state) refused += ring->TryPush(record, 1) ? 0 : 1;
  if (refused > 0) state.SkipWithError("the ring was full");
  if (state.thread_index() == 0) delete memory;
}
BENCHMARK(PushContended)->Threads(1)->Iterations(kContendedCapacity)->UseRealTime();
BENCHMARK(PushContended)->Threads(2)->Iterations(kContendedCapacity / 2)->UseRealTime();

// Two producers and a consumer beside them; the time is that of a record that gets through.
void PushUntilAccepted(benchmark::State &state) {
  static bench::SharedMemory *memory;
  static Ring *ring;
  static std::atomic<bool> stop;
  static std::thread *consumer;
  if (state.thread_index() == 0) {
    memory = new bench::SharedMemory(Ring::BytesFor(kCapacity));
    ring = Ring::Create(memory->get(), kCapacity);
    stop = false;
    consumer = new std::thread([] {
      while (!stop.load(std::memory_order_relaxed)) {
        const std::uint64_t from = ring->tail();
        const std::size_t seen = ring->Peek(
            from, kCapacity, [](const QueryRecord &r) { benchmark::DoNotOptimize(r.calls); });
        ring->MoveTail(from + seen);
        if (seen == 0) std::this_thread::yield();
      }
    });
  }
  const QueryRecord record = SomeRecord();
  for (auto _ : state) {
    while (!ring->TryPush(record, 1)) std::this_thread::yield();
  }
  if (state.thread_index() == 0) {
    stop = true;
    consumer->join();
    delete consumer;
    delete memory;
  }
}
BENCHMARK(PushUntilAccepted)->Threads(2)->UseRealTime();

// What a full ring costs a backend before it folds.
void PushRefused(benchmark::State &state) {
  bench::SharedMemory memory(Ring::BytesFor(64));
  Ring *ring = Ring::Create(memory.get(), 64);
  const QueryRecord record = SomeRecord();
  while (ring->TryPush(record, 1)) continue;
  for (auto _ : state) benchmark::DoNotOptimize(ring->TryPush(record, 1));
}
BENCHMARK(PushRefused);

void WaitingWeightOfAFullRing(benchmark::State &state) {
  bench::SharedMemory memory(Ring::BytesFor(kCapacity));
  Ring *ring = Ring::Create(memory.get(), kCapacity);
  while (ring->TryPush(SomeRecord(), 1)) continue;
  for (auto _ : state) benchmark::DoNotOptimize(ring->WaitingWeight());
}
BENCHMARK(WaitingWeightOfAFullRing);

}  // namespace
}  // namespace weir::core

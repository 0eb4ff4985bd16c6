// StringTable, FingerprintSet and FoldTable used by several processes at once.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/shared/fingerprint_set.hpp"
#include "core/shared/fold_table.hpp"
#include "core/shared/string_table.hpp"
#include "support/shared_block.hpp"

namespace weir::core {
namespace {

constexpr int kThreads = 4;

void InThreads(const std::function<void(int)> &body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
  for (std::thread &thread : threads) thread.join();
}

std::string Name(int i) { return "tenant number " + std::to_string(i); }

TEST(StringTableStress, AllAgreeOnTheIdOfAString) {
  constexpr int kNames = 20'000;
  constexpr std::uint32_t kCapacity = kNames * kThreads;
  test::SharedBlock block(StringTable::BytesFor(kCapacity));
  StringTable *table = StringTable::Create(block.memory(), kCapacity);
  std::vector<std::vector<NameId>> ids(kThreads, std::vector<NameId>(kNames));
  InThreads([&](int thread) {
    // Half of the threads come from the other end.
    for (int k = 0; k < kNames; ++k) {
      const int i = thread % 2 == 0 ? k : kNames - 1 - k;
      const NameId id = table->Intern(Name(i));
      ids[thread][i] = id;
      ASSERT_EQ(table->Get(id), Name(i));
      // Others' newest strings, whose ids nobody has told: there whole, or not at all.
      const std::string_view newest = table->Get(table->size());
      ASSERT_TRUE(newest.empty() || newest.starts_with("tenant number ")) << newest;
    }
  });
  for (int thread = 1; thread < kThreads; ++thread) EXPECT_EQ(ids[thread], ids[0]);
  EXPECT_GE(table->size(), static_cast<std::uint32_t>(kNames));
}

TEST(StringTableStress, CapacityIsNeverPassed) {
  constexpr std::uint32_t kCapacity = 500;
  for (int round = 0; round < 20; ++round) {
    test::SharedBlock block(StringTable::BytesFor(kCapacity));
    StringTable *table = StringTable::Create(block.memory(), kCapacity);
    std::atomic<std::uint64_t> given{0};
    InThreads([&](int thread) {
      for (int i = 0; i < 300; ++i) {
        const std::string name = Name(thread * 1000 + i);
        const NameId id = table->Intern(name);
        ASSERT_LE(id, kCapacity);
        if (id == 0) continue;
        given.fetch_add(1);
        ASSERT_EQ(table->Get(id), name);
      }
    });
    EXPECT_EQ(given.load(), kCapacity);
    EXPECT_EQ(table->size(), kCapacity);
  }
}

// Even numbers are added, odd ones never: no odd one may ever be found, whatever is overwritten.
TEST(FingerprintSetStress, NeverHoldsWhatWasNotAdded) {
  test::SharedBlock block(FingerprintSet::BytesFor(64));
  FingerprintSet *set = FingerprintSet::Create(block.memory(), 64);
  std::atomic<std::uint64_t> found{0};
  InThreads([&](int thread) {
    test::Random random(thread);
    for (int i = 0; i < 100'000; ++i) {
      const std::uint64_t number = 2 + 2 * random.Below(500);
      set->Add(number);
      if (set->Contains(number)) found.fetch_add(1, std::memory_order_relaxed);
      ASSERT_FALSE(set->Contains(number + 1));
      ASSERT_FALSE(set->Contains(0));
      if (i % 10'000 == 9'999) set->Clear();
    }
  });
  EXPECT_GT(found.load(), 300'000u);
}

using Table = FoldTable<16>;

// All figures of a record are multiples of its calls, so that a half-merged one shows.
QueryRecord Record(std::uint64_t query_id, std::uint32_t calls) {
  QueryRecord record{};
  record.query_id = query_id;
  record.calls = calls;
  record.plans = calls;
  record.exec = {2.0 * calls, 2, 2, 0};
  record.counters.plan = {1.0 * calls, 1, 1, 0};
  record.counters.rows = 5 * std::int64_t{calls};
  record.counters.wal_bytes = 7 * std::uint64_t{calls};
  return record;
}

bool IsWhole(const QueryRecord &record) {
  return record.plans == record.calls && record.exec.total == 2.0 * record.calls &&
         record.counters.plan.total == 1.0 * record.calls &&
         record.counters.rows == 5 * std::int64_t{record.calls} &&
         record.counters.wal_bytes == 7 * std::uint64_t{record.calls};
}

struct FoldRun {
  static constexpr std::uint32_t kGroups = 2;

  test::SharedBlock block{Table::BytesFor()};
  Table *table = Table::Create(block.memory());
  std::atomic<bool> stop{false};
  std::uint64_t folded[kGroups] = {};
  std::uint64_t collected[kGroups] = {};
  std::uint64_t torn = 0;

  void Own(int folds) {
    test::Random random(1);
    for (int i = 0; i < folds; ++i) {
      const auto group = static_cast<std::uint32_t>(random.Below(kGroups));
      const auto calls = static_cast<std::uint32_t>(1 + random.Below(9));
      if (table->Fold(Record(1 + random.Below(12), calls), group)) folded[group] += calls;
      if (i % 256 == 0) std::this_thread::yield();
    }
    stop.store(true, std::memory_order_release);
  }

  // Now and then there is no room for a record.
  void Collect() {
    test::Random random(2);
    for (std::uint32_t group = 0; !stop.load(std::memory_order_acquire); group = 1 - group) {
      table->Collect(group, [&](const QueryRecord &record) {
        if (!IsWhole(record)) ++torn;
        if (random.Below(8) == 0) return false;
        collected[group] += record.calls;
        return true;
      });
    }
  }

  void Watch() const {
    while (!stop.load(std::memory_order_acquire)) {
      ASSERT_LE(table->PendingCalls(0), std::uint64_t{16} * Table::kMaxCalls);
      std::this_thread::yield();
    }
  }
};

TEST(FoldTableStress, EveryFoldedCallIsCollectedOrPending) {
  FoldRun run;
  std::thread collector([&] { run.Collect(); });
  std::thread watcher([&] { run.Watch(); });
  run.Own(200'000);
  collector.join();
  watcher.join();
  EXPECT_EQ(run.torn, 0u);
  for (std::uint32_t group = 0; group < FoldRun::kGroups; ++group) {
    EXPECT_GT(run.collected[group], 0u);
    const std::uint64_t pending = run.table->PendingCalls(group);
    EXPECT_EQ(run.folded[group], run.collected[group] + pending);
    EXPECT_EQ(run.table->Discard(group), pending);
  }
  EXPECT_TRUE(run.table->Empty());
}

// Two collectors that are after both groups, as when a worker starts while another one ends.
TEST(FoldTableStress, NothingIsCollectedTwiceOrForAnotherGroup) {
  using SmallTable = FoldTable<2>;
  test::SharedBlock block(SmallTable::BytesFor());
  SmallTable *table = SmallTable::Create(block.memory());
  std::atomic<std::uint64_t> collected{0};
  std::atomic<std::uint64_t> strange{0};
  std::atomic<bool> stop{false};
  const auto collect = [&](std::uint32_t group) {
    for (; !stop.load(); group = 1 - group) {
      table->Collect(group, [&](const QueryRecord &record) {
        collected.fetch_add(record.calls);
        if (record.user_id != group) strange.fetch_add(1);
        return true;
      });
    }
  };
  std::thread one(collect, 0);
  std::thread other(collect, 1);
  std::uint64_t folded = 0;
  for (std::uint32_t i = 0; i < 500'000; ++i) {
    QueryRecord record = Record(1, 1);
    record.user_id = i % 2;
    if (table->Fold(record, record.user_id)) ++folded;
  }
  stop.store(true);
  one.join();
  other.join();
  EXPECT_EQ(strange.load(), 0u);
  EXPECT_EQ(folded, collected.load() + table->PendingCalls(0) + table->PendingCalls(1));
}

}  // namespace
}  // namespace weir::core

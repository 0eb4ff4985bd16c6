// Window functions over rows that arrive in order: a batch in, a result for each of its rows out.
//
// Each key keeps only what later rows may still look at, so memory does not grow with the input.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "core/base/arena.hpp"
#include "core/group/group_table.hpp"
#include "core/window/order_words.hpp"
#include "core/window/window_kernels.hpp"
#include "core/window/window_results.hpp"

namespace weir::core {

class WindowEngine {
 public:
  // `plan` outlives the engine.
  WindowEngine(std::pmr::memory_resource &memory, const WindowPlan &plan);

  // What each key may come to need, at most.
  static std::size_t BytesOfKey(const WindowPlan &plan) noexcept;

  // Computes the results for rows [0, count) of the columns.
  void Run(const Column *columns, int count, WindowResults &results);

  std::size_t bytes() const noexcept { return table_.bytes() + arena_.bytes(); }
  std::int64_t keys() const noexcept { return table_.rows().count(); }

 private:
  struct Series;
  struct Key;

  Key *KeyOf(std::byte *row);
  Key *NewKey();
  int SortByKey(int count);
  void Append(Key &key, const Column *columns, const int *rows, int count);
  void MakeRoom(Series &series, std::int64_t history, int count);
  void FindPeers(Key &key, const int *rows, int count);
  void RunKey(Key &key, const Column *columns, const int *rows, int count, WindowResults &results);
  void TakeRows(Key &key, int function, const int *rows, int count, WindowResults &results);

  const WindowPlan &plan_;
  GroupTable table_;
  Arena arena_;
  OrderWords words_;
  std::byte *only_row_ = nullptr;
  std::byte *rows_[kColumnRows];
  Key *key_[kColumnRows];
  Key *touched_[kColumnRows];
  int order_[kColumnRows];
  std::uint8_t equal_prefix_[kColumnRows];
};

}  // namespace weir::core

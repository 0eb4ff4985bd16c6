// Allocation by bumping a pointer; everything is freed at once with the arena.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>

namespace weir::core {

class Arena final : public std::pmr::memory_resource {
 public:
  explicit Arena(std::pmr::memory_resource &memory) noexcept : memory_(memory) {}
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  ~Arena() override {
    while (newest_ != nullptr) {
      Block *older = newest_->older;
      memory_.deallocate(newest_, newest_->bytes, 8);
      newest_ = older;
    }
  }

  // Forgets everything that was allocated; the newest block is kept.
  void Clear() noexcept {
    if (newest_ == nullptr) return;
    while (newest_->older != nullptr) {
      Block *older = newest_->older;
      newest_->older = older->older;
      bytes_ -= older->bytes;
      memory_.deallocate(older, older->bytes, 8);
    }
    next_ = reinterpret_cast<std::byte *>(newest_ + 1);
  }

  // What was taken from the underlying resource.
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Block {
    Block *older;
    std::size_t bytes;
  };

  static constexpr std::size_t kFirstBlock = 8 * 1024;
  static constexpr std::size_t kLargestBlock = 1024 * 1024;

  // Alignment is eight, or less where less is asked for.
  void *do_allocate(std::size_t size, std::size_t) override {
    size = (size + 7) / 8 * 8;
    if (size > static_cast<std::size_t>(end_ - next_)) AddBlock(size);
    std::byte *at = next_;
    next_ += size;
    return at;
  }

  void do_deallocate(void *, std::size_t, std::size_t) override {}

  bool do_is_equal(const memory_resource &other) const noexcept override { return this == &other; }

  void AddBlock(std::size_t size) {
    const std::size_t room = std::clamp(bytes_ / 4, kFirstBlock, kLargestBlock);
    const std::size_t bytes = std::max(room, size + sizeof(Block));
    auto *block = static_cast<Block *>(memory_.allocate(bytes, 8));
    *block = {newest_, bytes};
    newest_ = block;
    bytes_ += bytes;
    next_ = reinterpret_cast<std::byte *>(block + 1);
    end_ = reinterpret_cast<std::byte *>(block) + bytes;
  }

  std::pmr::memory_resource &memory_;
  Block *newest_ = nullptr;
  std::byte *next_ = nullptr;
  std::byte *end_ = nullptr;
  std::size_t bytes_ = 0;
};

// An array of default values, as aligned as its type asks.
template <typename T>
T *NewArray(std::pmr::memory_resource &arena, std::size_t count) {
  const std::size_t slack = alignof(T) > 8 ? alignof(T) : 0;
  const auto address =
      reinterpret_cast<std::uintptr_t>(arena.allocate(sizeof(T) * count + slack, 8));
  auto *array = reinterpret_cast<T *>((address + slack) / alignof(T) * alignof(T));
  for (std::size_t i = 0; i < count; ++i) std::construct_at(array + i);
  return array;
}

}  // namespace weir::core

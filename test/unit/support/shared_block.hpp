// Memory for structures that processes share, as tests need it.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "core/shared/shared_layout.hpp"

namespace weir::test {

// Exactly as long as asked for, so that AddressSanitizer sees a byte too much, and full of rubbish,
// so that nothing can rely on zeroed memory.
class SharedBlock {
 public:
  explicit SharedBlock(std::size_t bytes)
      : memory_(::operator new (bytes, std::align_val_t{core::kCacheLineBytes})) {
    std::memset(memory_, 0xA5, bytes);
  }
  ~SharedBlock() { ::operator delete (memory_, std::align_val_t{core::kCacheLineBytes}); }
  SharedBlock(const SharedBlock &) = delete;
  SharedBlock &operator=(const SharedBlock &) = delete;

  void *memory() const { return memory_; }

  // The word at `offset`, to put a structure into a state that only a stalled process leaves.
  core::SharedU64 &WordAt(std::size_t offset) const {
    return *reinterpret_cast<core::SharedU64 *>(static_cast<char *>(memory_) + offset);
  }

 private:
  void *memory_;
};

// The same pages at two addresses, as two processes may see them.
class TwiceMapped {
 public:
  explicit TwiceMapped(std::size_t bytes) : bytes_(bytes) {
    const int file = memfd_create("weir", 0);
    if (file < 0 || ftruncate(file, static_cast<off_t>(bytes)) != 0) std::abort();
    first_ = Map(file);
    second_ = Map(file);
    close(file);
  }
  ~TwiceMapped() {
    munmap(first_, bytes_);
    munmap(second_, bytes_);
  }
  TwiceMapped(const TwiceMapped &) = delete;
  TwiceMapped &operator=(const TwiceMapped &) = delete;

  void *first() const { return first_; }

  // The object that was created in the first mapping, seen through the second.
  template <typename T>
  T *Second() const {
    return static_cast<T *>(second_);
  }

 private:
  void *Map(int file) const {
    void *memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) std::abort();
    return memory;
  }

  std::size_t bytes_;
  void *first_;
  void *second_;
};

// How many operations a stress test makes; WEIR_RING_OPERATIONS sets another number.
inline std::uint64_t StressOperations(std::uint64_t standard) {
  const char *text = std::getenv("WEIR_RING_OPERATIONS");
  return text == nullptr ? standard : std::stoull(text);
}

// A small generator (xorshift64*, Vigna 2016) whose sequence is the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}

  // From 0 to bound - 1.
  std::uint64_t Below(std::uint64_t bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return (state_ * 0x2545F4914F6CDD1D >> 32) % bound;
  }

 private:
  std::uint64_t state_;
};

}  // namespace weir::test

// Core memory out of a memory context: it is counted there, vanishes with it, and running out of
// it is a C++ exception, not a longjmp.
#pragma once

#include <memory_resource>

#include "pg/pg.hpp"

extern "C" {
#include "utils/memutils.h"
}

namespace weir::pg {

class ContextResource final : public std::pmr::memory_resource {
 public:
  explicit ContextResource(MemoryContext context) noexcept : context_(context) {}

 private:
  void *do_allocate(std::size_t bytes, std::size_t alignment) override {
    // The server aligns to MAXIMUM_ALIGNOF; nothing in the core asks for more.
    void *memory = nullptr;
    if (alignment <= MAXIMUM_ALIGNOF && bytes <= MaxAllocHugeSize) {
      memory = MemoryContextAllocExtended(context_, bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
    }
    return memory != nullptr ? memory : std::pmr::null_memory_resource()->allocate(bytes);
  }

  void do_deallocate(void *memory, std::size_t, std::size_t) override { pfree(memory); }

  bool do_is_equal(const memory_resource &other) const noexcept override { return this == &other; }

  MemoryContext context_;
};

}  // namespace weir::pg

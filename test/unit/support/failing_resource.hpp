// Memory that runs out at the k-th allocation, and counts what was not given back.
#pragma once

#include <limits>
#include <memory_resource>
#include <new>

namespace weir::core {

class FailingResource final : public std::pmr::memory_resource {
 public:
  explicit FailingResource(int allowed = std::numeric_limits<int>::max()) : allowed_(allowed) {}
  long outstanding() const { return outstanding_; }

 private:
  void *do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (allowed_-- <= 0) throw std::bad_alloc();
    ++outstanding_;
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void *memory, std::size_t bytes, std::size_t alignment) override {
    --outstanding_;
    std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
  }
  bool do_is_equal(const memory_resource &other) const noexcept override { return this == &other; }

  int allowed_;
  long outstanding_ = 0;
};

}  // namespace weir::core

// Memory for structures that processes share, as the server gives it: mapped and aligned.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>

namespace weir::bench {

class SharedMemory {
 public:
  // Every page is there from the beginning, so no benchmark pays for page faults.
  explicit SharedMemory(std::size_t bytes) : bytes_(bytes) {
    memory_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory_ == MAP_FAILED) std::abort();
  }
  ~SharedMemory() { munmap(memory_, bytes_); }
  SharedMemory(const SharedMemory &) = delete;
  SharedMemory &operator=(const SharedMemory &) = delete;

  void *get() const { return memory_; }

 private:
  std::size_t bytes_;
  void *memory_;
};

}  // namespace weir::bench

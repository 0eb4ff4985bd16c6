// The one place where C++ exceptions become server errors.
#pragma once

#include <type_traits>

#include "pg/pg.hpp"

namespace weir::pg {

[[noreturn]] inline void RaiseOutOfMemory() {
  ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
          errdetail("The streaming executor could not allocate memory for its groups."));
  pg_unreachable();
}

// Calls into the core, which throws only where memory runs out. The handler is left before anything
// is raised, so that the exception is freed; the closure must survive a longjmp, and so must what
// it returns.
template <typename Function>
auto CallCore(Function &&function) -> decltype(function()) {
  using Result = decltype(function());
  static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Function>>);
  static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>);
  try {
    return function();
  } catch (...) {
  }
  RaiseOutOfMemory();
}

}  // namespace weir::pg

// The one place where C++ exceptions become server errors.
#pragma once

#include <new>
#include <type_traits>

#include "pg/pg.hpp"

namespace weir::pg {

[[noreturn]] inline void RaiseOutOfMemory() {
  ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
          errdetail("The streaming executor could not allocate memory for its groups."));
  pg_unreachable();
}

[[noreturn]] inline void RaiseUnexpected() {
  ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("unexpected failure in the core library"));
  pg_unreachable();
}

// Calls into the core. The handlers are left before anything is raised, so that the exception is
// freed; the closure must survive a longjmp, and so must what it returns.
template <typename Function>
auto CallCore(Function &&function) -> decltype(function()) {
  using Result = decltype(function());
  static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Function>>);
  static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>);
  bool out_of_memory = false;
  try {
    return function();
  } catch (const std::bad_alloc &) {
    out_of_memory = true;
  } catch (...) {
  }
  if (out_of_memory) RaiseOutOfMemory();
  RaiseUnexpected();
}

}  // namespace weir::pg

// A server hook that chains: what was installed before, or the server's own function, runs next.
#pragma once

#include <type_traits>

namespace weir::pg {

// `variable` is the server's hook variable, `standard` the function to call when nobody else had
// installed one (null for hooks without a standard function: ask HasNext() first). `Owner` keeps
// two users of the same hook apart.
template <auto *variable, auto standard = nullptr, typename Owner = void>
class Hook {
  using Function = std::remove_reference_t<decltype(*variable)>;

 public:
  // Called once, from _PG_init.
  static void Install(Function function) noexcept {
    next_ = *variable;
    if constexpr (!__is_same(decltype(standard), decltype(nullptr))) {
      if (next_ == nullptr) next_ = standard;
    }
    *variable = function;
  }

  static bool HasNext() noexcept { return next_ != nullptr; }

  template <typename... Args>
  static auto Next(Args... args) {
    return next_(args...);
  }

 private:
  static inline Function next_ = nullptr;
};

}  // namespace weir::pg

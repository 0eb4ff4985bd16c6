// Objects that live in a memory context and are destroyed when it is reset or deleted, whether the
// query ends well or not.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "pg/boundary.hpp"
#include "pg/pg.hpp"

namespace weir::pg {

template <typename T>
struct OwnedBlock {
  MemoryContextCallback callback;
  bool is_alive;
  alignas(T) unsigned char storage[sizeof(T)];
};

// `T` is made by a constructor that may throw but not raise; its destructor calls nothing of the
// server but pfree.
template <typename T, typename... Args>
T *MakeOwned(MemoryContext context, Args &&...args) {
  static_assert(std::is_nothrow_destructible_v<T>);
  auto *block =
      static_cast<OwnedBlock<T> *>(MemoryContextAllocHuge(context, sizeof(OwnedBlock<T>)));
  block->is_alive = false;
  block->callback.func = [](void *argument) {
    auto *owned = static_cast<OwnedBlock<T> *>(argument);
    if (owned->is_alive) std::destroy_at(reinterpret_cast<T *>(owned->storage));
    owned->is_alive = false;
  };
  block->callback.arg = block;
  MemoryContextRegisterResetCallback(context, &block->callback);
  CallCore([&] { std::construct_at(reinterpret_cast<T *>(block->storage), args...); });
  block->is_alive = true;
  return reinterpret_cast<T *>(block->storage);
}

}  // namespace weir::pg

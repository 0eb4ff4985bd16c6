// Query texts on their way from the ring to weir.query_texts.
#pragma once

#include "core/shared/byte_ring.hpp"

namespace weir::stats {

// Writes what waits, in the caller's transaction with SPI connected; returns the position to move
// the tail to once that is committed. A text that is there already stays as it is.
std::uint64_t WriteTexts(const core::ByteRing &texts);

}  // namespace weir::stats

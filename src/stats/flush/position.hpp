// How far the ring is flushed, kept in weir.flush_state with the records themselves.
#pragma once

#include <cstdint>

namespace weir::stats {

// All run in the caller's transaction, with SPI connected.

// What a worker does first: the position on disk when it is of the ring with this `epoch`. Else the
// ring is new, and its position `tail`; when the ring before it was not flushed to its end, that is
// noted in weir.interruptions. From now on the position is not clean, that is, records may follow.
std::uint64_t OpenPosition(std::uint64_t epoch, std::uint64_t tail);

// `closing` says that nothing will follow: the server stops.
void WritePosition(std::uint64_t epoch, std::uint64_t position, bool closing);

}  // namespace weir::stats

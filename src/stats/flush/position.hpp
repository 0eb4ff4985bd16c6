// How far the ring is flushed, kept in weir.flush_state with the records themselves.
#pragma once

#include <cstdint>

namespace weir::stats {

// All run in the caller's transaction, with SPI connected.

// The position on disk when it is of the ring with this `epoch`, else `tail`.
std::uint64_t ReadPosition(std::uint64_t epoch, std::uint64_t tail);

// `closing` says that nothing will follow: the server stops.
void WritePosition(std::uint64_t epoch, std::uint64_t position, bool closing);

// Notes in weir.interruptions when the ring of an earlier server run was not flushed to its end.
void NoteInterruption(std::uint64_t epoch);

}  // namespace weir::stats

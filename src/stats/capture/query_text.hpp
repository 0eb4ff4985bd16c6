// Query texts: normalised, and sent to the flush worker once per query and user.
#pragma once

#include <cstdint>

#include "pg/pg.hpp"

extern "C" {
#include "nodes/plannodes.h"
}

namespace weir::stats {

// Heads each entry of the text ring; the text follows.
struct TextHeader {
  std::uint64_t query_id;
  std::uint32_t user_id;
  std::uint32_t unused;
};

// Where a statement stands in the text its client sent.
struct StatementSource {
  const char *text;
  int location;
  int length;  // 0: to the end
};

// Sends the text of a statement unless it was sent before. `utility` is null for planned
// statements. When there is no room the next execution tries again. Needs IsRecording().
void SendText(std::uint64_t query_id, const StatementSource &source, const Node *utility);

// The text with its literals replaced by $1, $2 ..., counted on from the parameters it has, without
// comments and with single spaces. Allocated in the current context; null when the server's scanner
// does not accept it. The original is never returned.
char *NormaliseQuery(const StatementSource &source);

// True for commands that may hold passwords or other secrets outside of literals or as literals
// with a meaning of their own: only their tag is kept.
bool MayCarrySecrets(const Node *utility);

}  // namespace weir::stats

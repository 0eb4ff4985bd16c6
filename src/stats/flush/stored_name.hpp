// Names on their way into a table.
#pragma once

#include "pg/compat.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace weir::stats {

// Settings in a connection's startup packet are not checked for the encoding, so a name may hold
// bytes that a table would refuse: they become question marks.
inline void ReplaceInvalidBytes(char *text, int length) {
  if (likely(pg_verifymbstr(text, length, true))) return;
  for (int i = 0; i < length; i++) {
    if (IS_HIGHBIT_SET(text[i])) text[i] = '?';
  }
}

}  // namespace weir::stats

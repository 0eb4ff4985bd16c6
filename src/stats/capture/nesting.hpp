// How deep in statements that run statements this process is.
#pragma once

#include "settings.hpp"

namespace weir::stats {

// 0: the next statement to run was sent by the client. Counts planner, executor and utility
// commands alike, so that what a function runs while it is planned is nested too.
extern int nesting_level;

// True when a statement at this level is to be recorded.
inline bool CapturesThisLevel() {
  return settings.capture == kCaptureAll || (settings.capture == kCaptureTop && nesting_level == 0);
}

}  // namespace weir::stats

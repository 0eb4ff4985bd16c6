// The one process that starts workers. It has no database; each area tells it, when asked, which of
// its workers to start.
#pragma once

#include <cstdint>

namespace weir::worker {

// What an area wants of the launcher.
struct Charge {
  void (*begin)();  // a launcher has come up; workers may have outlived an earlier one
  long (*tend)();   // starts what is due; returns how many milliseconds nothing needs to be done
};

constexpr long kIdleMs = 60'000;

// From an area's Install(). A few are enough.
void AddCharge(const Charge &charge);

// Called once, from _PG_init, after the areas.
void Install();

// Makes the launcher ask all areas; from any process, also where nothing may be raised.
void WakeLauncher();

bool LauncherIsUp();

// Wakes the process with that number; nothing happens when the number is negative.
void WakeProcess(std::int32_t process_number);

}  // namespace weir::worker

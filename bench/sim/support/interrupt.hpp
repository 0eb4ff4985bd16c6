// Ctrl-C asks for an end; the second one is not waited for.
#pragma once

namespace weir::sim {

// From now on SIGINT, SIGTERM and SIGHUP are only remembered; a second SIGINT ends the process.
void CatchInterrupts();

bool IsInterrupted() noexcept;

}  // namespace weir::sim

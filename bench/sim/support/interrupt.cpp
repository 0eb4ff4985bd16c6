#include "support/interrupt.hpp"

#include <csignal>
#include <initializer_list>

namespace weir::sim {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void Remember(int signal) {
  if (signal == SIGINT && interrupted != 0) std::signal(SIGINT, SIG_DFL);
  interrupted = 1;
}

}  // namespace

// Without SA_RESTART, so that a wait in poll() ends at once.
void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = Remember;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool IsInterrupted() noexcept { return interrupted != 0; }

}  // namespace weir::sim

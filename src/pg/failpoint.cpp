#include "pg/failpoint.hpp"

#ifdef WEIR_FAILPOINTS

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "pg/pg.hpp"

namespace weir::pg {

namespace {

char *const *failpoints = nullptr;

// How often a counted action was taken under the setting's present text.
char counted_setting[256];
int taken = 0;

bool CountsOut(const char *count) {
  if (*count != ':') return false;
  if (std::strncmp(counted_setting, *failpoints, sizeof(counted_setting) - 1) != 0) {
    strlcpy(counted_setting, *failpoints, sizeof(counted_setting));
    taken = 0;
  }
  return taken++ >= std::atoi(count + 1);
}

void Act(const char *name, const char *action, size_t length) {
  const auto is = [=](const char *word) {
    return std::strlen(word) == length && std::memcmp(action, word, length) == 0;
  };
  if (is("error")) {
    ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("failpoint \"%s\" was reached", name));
  } else if (is("diskfull")) {
    ereport(ERROR, errcode(ERRCODE_DISK_FULL), errmsg("failpoint \"%s\": no space left", name));
  } else if (is("fatal")) {
    ereport(FATAL, errcode(ERRCODE_ADMIN_SHUTDOWN), errmsg("failpoint \"%s\" was reached", name));
  } else if (is("kill")) {
    kill(MyProcPid, SIGKILL);
  } else if (is("sleep")) {
    pg_usleep(1000000L);
  }
}

// What the setting says after "name:", or null.
const char *FindAction(const char *name) {
  if (failpoints == nullptr || *failpoints == nullptr) return nullptr;
  const size_t length = std::strlen(name);
  for (const char *at = *failpoints; at != nullptr && *at != '\0';) {
    if (std::strncmp(at, name, length) == 0 && at[length] == ':') return at + length + 1;
    const char *end = std::strchr(at, ',');
    at = end == nullptr ? nullptr : end + 1;
  }
  return nullptr;
}

}  // namespace

void UseFailpoints(char *const *setting) { failpoints = setting; }

void ReachFailpoint(const char *name) {
  const char *action = FindAction(name);
  if (action == nullptr) return;
  const size_t length = std::strcspn(action, ":,");
  if (!CountsOut(action + length)) Act(name, action, length);
}

bool IsSeeded(const char *name) {
  const char *action = FindAction(name);
  return action != nullptr && std::strncmp(action, "seed", 4) == 0;
}

}  // namespace weir::pg

#endif

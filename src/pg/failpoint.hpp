// Named points that tests make fail: WEIR_FAILPOINT("flush.before_insert"). Nothing in release
// builds.
#pragma once

#ifdef WEIR_FAILPOINTS

namespace weir::pg {

// Does what weir.failpoint says for `name`: raises an error (XX000), a disk-full error (53100) or a
// fatal one, kills this process, or sleeps for a second. Counted actions stop after their count.
void ReachFailpoint(const char *name);

// Whether weir.failpoint says "name:seed": the code then makes the mistake that the name stands
// for, to show that tests find it.
bool IsSeeded(const char *name);

// The setting to read; called once.
void UseFailpoints(char *const *setting);

}  // namespace weir::pg

#define WEIR_FAILPOINT(name) ::weir::pg::ReachFailpoint(name)
#define WEIR_SEEDED(name) ::weir::pg::IsSeeded(name)
#else
#define WEIR_FAILPOINT(name) static_cast<void>(0)
#define WEIR_SEEDED(name) false
#endif

// The extension's table of contents.
#include "pg/pg.hpp"

#include "continuous/continuous.hpp"
#include "settings.hpp"
#include "stats/stats.hpp"
#include "stream/stream.hpp"
#include "worker/launcher.hpp"

extern "C" {
#include "utils/guc.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);
}

namespace {

// Hooks and shared memory need the server's start; a library loaded later could only pretend.
void RequirePreload() {
  if (process_shared_preload_libraries_in_progress) return;
  const char *present = GetConfigOption("shared_preload_libraries", true, false);
  const bool others = present != nullptr && *present != '\0';
  ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("pg_weir must be loaded when the server starts"),
          errhint("Set shared_preload_libraries = '%s%spg_weir' in postgresql.conf and restart the "
                  "server.",
                  others ? present : "", others ? ", " : ""));
}

}  // namespace

void _PG_init(void) {
  // pg_upgrade loads every library there is, to see that it can be had, and runs nothing of it.
  if (IsBinaryUpgrade && !process_shared_preload_libraries_in_progress) return;
  RequirePreload();
  weir::DefineSettings();
  weir::stream::Install();
  weir::continuous::Install();
  // The last hook is the outermost: what the others do for a statement is part of its cost.
  weir::stats::Install();
  weir::worker::Install();
}

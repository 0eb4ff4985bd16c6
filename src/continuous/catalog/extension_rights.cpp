#include "continuous/catalog/extension_rights.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "commands/extension.h"
#include "utils/guc.h"
}

namespace weir::continuous {

int PinSearchPath() {
  const int level = NewGUCNestLevel();
  set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                    GUC_ACTION_SAVE, true, 0, false);
  return level;
}

void UnpinSearchPath(int level) { AtEOXact_GUC(true, level); }

RightsBefore TakeExtensionRights() {
  RightsBefore before{};
  GetUserIdAndSecContext(&before.user, &before.security_context);
  SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID,
                         before.security_context | SECURITY_LOCAL_USERID_CHANGE);
  before.setting_level = PinSearchPath();
  return before;
}

void GiveRightsBack(const RightsBefore &before) {
  UnpinSearchPath(before.setting_level);
  SetUserIdAndSecContext(before.user, before.security_context);
}

Oid ExtensionOid() { return get_extension_oid("pg_weir", true); }

}  // namespace weir::continuous

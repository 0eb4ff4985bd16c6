// Command tags of planned statements.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/nodes.h"
#include "tcop/cmdtag.h"
}

namespace weir::stats {

inline CommandTag TagOf(CmdType operation) {
  switch (operation) {
    case CMD_SELECT:
      return CMDTAG_SELECT;
    case CMD_INSERT:
      return CMDTAG_INSERT;
    case CMD_UPDATE:
      return CMDTAG_UPDATE;
    case CMD_DELETE:
      return CMDTAG_DELETE;
    case CMD_MERGE:
      return CMDTAG_MERGE;
    default:
      return CMDTAG_UNKNOWN;
  }
}

}  // namespace weir::stats

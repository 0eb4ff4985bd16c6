#include "worker/database_command.hpp"

#include <cstring>

extern "C" {
#include "commands/defrem.h"
}

namespace weir::worker {
namespace {

const char *OptionText(List *options, const char *wanted) {
  ListCell *cell;
  foreach (cell, options) {
    auto *option = static_cast<DefElem *>(lfirst(cell));
    if (std::strcmp(option->defname, wanted) == 0 && option->arg != nullptr) {
      return defGetString(option);
    }
  }
  return nullptr;
}

}  // namespace

const char *DatabaseToFree(Node *command) {
  switch (nodeTag(command)) {
    case T_DropdbStmt:
      return reinterpret_cast<DropdbStmt *>(command)->dbname;
    case T_RenameStmt: {
      auto *rename = reinterpret_cast<RenameStmt *>(command);
      return rename->renameType == OBJECT_DATABASE ? rename->subname : nullptr;
    }
    case T_AlterDatabaseStmt: {
      auto *alter = reinterpret_cast<AlterDatabaseStmt *>(command);
      return OptionText(alter->options, "tablespace") != nullptr ? alter->dbname : nullptr;
    }
    case T_CreatedbStmt: {
      const char *source =
          OptionText(reinterpret_cast<CreatedbStmt *>(command)->options, "template");
      return source == nullptr ? "template1" : source;
    }
    default:
      return nullptr;
  }
}

}  // namespace weir::worker

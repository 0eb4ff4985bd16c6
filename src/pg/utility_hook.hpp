// The hook around utility commands, whose eight parameters are written once.
#pragma once

#include "pg/hook.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "tcop/utility.h"
}

#define WEIR_UTILITY_PARAMETERS                                                                 \
  PlannedStmt *statement, const char *text, bool read_only_tree, ProcessUtilityContext context, \
      ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,          \
      QueryCompletion *completion
#define WEIR_UTILITY_ARGUMENTS \
  statement, text, read_only_tree, context, parameters, environment, receiver, completion

namespace weir::pg {

template <typename Owner>
using UtilityHook = Hook<&ProcessUtility_hook, standard_ProcessUtility, Owner>;

}  // namespace weir::pg

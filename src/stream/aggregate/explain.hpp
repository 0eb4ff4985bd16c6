// EXPLAIN of the node.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "commands/explain.h"
#include "nodes/execnodes.h"
}

namespace weir::stream {

void ExplainScan(CustomScanState *node, List *ancestors, ExplainState *es);

}  // namespace weir::stream

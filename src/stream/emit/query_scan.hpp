// weir.query() in FROM: a scan that passes the inner query's rows on as they come.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/extensible.h"
}

namespace weir::stream {

inline constexpr char kQueryNodeName[] = "WeirQuery";

Node *CreateQueryScan(CustomScan *plan);

extern const CustomScanMethods kQueryScanMethods;

void InstallQueryScan();

}  // namespace weir::stream

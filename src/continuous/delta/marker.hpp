// The marker weir.delta(tableoid, query): finds it among conditions.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace weir::continuous {

struct Marker {
  Oid function;
  int32 query_id;
};

// Looks for a marker of relation `rti` among restrictions (RestrictInfo).
bool FindMarker(List *restrictions, Index rti, Marker *marker);

// The same among conditions joined by AND.
bool HasMarker(List *conditions, Index rti);

// The restrictions' conditions without markers.
List *WithoutMarkers(List *restrictions);

}  // namespace weir::continuous

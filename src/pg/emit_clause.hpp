// EMIT CHANGES and EMIT FINAL at the end of a query's text.
#pragma once

#include "pg/pg.hpp"

namespace weir::pg {

enum class EmitMode : uint8 { kNone, kChanges, kFinal };

// Cuts the clause off `text`, which is changed in place. An EMIT that stands elsewhere, or is
// followed by something else, is a syntax error with its position.
EmitMode CutEmitClause(char *text);

}  // namespace weir::pg

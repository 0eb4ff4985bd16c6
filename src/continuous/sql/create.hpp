// What creating a query and changing one have in common.
#pragma once

#include "continuous/catalog/catalog.hpp"
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace weir::continuous {

enum class OnDelete : uint8 { kIgnore, kError, kRetract };

// What becomes of rows that are changed, and of those that the query fails on.
struct Handling {
  OnDelete on_delete;
  OnError on_error;
};

// Options as given; they raise for values that there are not.
OnDelete OnDeleteOption(const text *option);
OnError OnErrorOption(const text *option);
void RequireTick(const Interval *tick);

// Cuts EMIT CHANGES or EMIT FINAL off; errors in the clause point into the text.
pg::EmitMode CutClause(char *text);

// The definition, parsed with the caller's rights and search_path, and found maintainable. Without
// an emission it has its view only.
Rewrite *Analyse(const char *text, const Handling &handling, const Emission *emission);

// Raises when a query that follows its table would leave out rows.
void RequireWholeTable(const Handling &handling, bool has_backfill);

// Raises when the query cannot be handled so. Within OpenTextErrors().
void RequireHandled(const Definition &given, const Handling &handling);

}  // namespace weir::continuous

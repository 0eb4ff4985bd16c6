// The tables in FROM: the first is the stream, whose new rows a query adds up; the others are
// joined to it and read as they are.
#pragma once

#include "continuous/rewrite/definition.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace weir::continuous {

// Raises unless each row of the result comes from one row of the stream.
void RequireSources(const Definition &definition);

// Where the first and the last table of FROM are in the text, or -1.
int LocationOfFirstTable(const SelectStmt *written);
int LocationOfLastTable(const SelectStmt *written);

// The stream's number in the range table.
int SourceIndexOf(const Query *query);

// Of RangeTblEntry *: the stream, then the others.
List *TablesOf(const Query *query);

// Of the view that a query over so many tables is filled from: rows of the stream up to the horizon
// meet the other tables as they are now.
inline const char *FillSuffix(int table_count) { return table_count > 1 ? "_new" : "_all"; }

}  // namespace weir::continuous

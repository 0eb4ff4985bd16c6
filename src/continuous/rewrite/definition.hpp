// The text of a continuous query, parsed, and errors that point into it.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace weir::continuous {

// While it is open, errors with a position are shown with the text of the query.
struct TextErrors {
  ErrorContextCallback callback;
  const char *text;
};

void OpenTextErrors(TextErrors *errors, const char *text);
void CloseTextErrors(TextErrors *errors);

// What a query is refused for: `location` is an offset in the text or -1. `clause` reads as an
// object, `hint` is a sentence.
struct Refusal {
  int location;
  const char *clause;
  const char *hint;
};

[[noreturn]] void Refuse(const char *text, const Refusal &refusal);

// A query as written, and as analysed.
struct Definition {
  const char *text;
  const SelectStmt *written;
  Query *query;
};

// One SELECT, analysed with the caller's rights and search_path, its group keys in place. Raises
// when the text is anything else. Within OpenTextErrors().
Definition ParseDefinition(const char *text);

// Raises unless the result can be kept up to date from the rows that are added to the stream.
void RequireMaintainable(const Definition &definition);

// The stream: the first table of FROM.
RangeTblEntry *SourceOf(const Query *query);

// Raises unless every function gives the same result at any time and in any session.
void RequireImmutable(Query *query, const char *text);

// Whether a function is one of ours whose name begins so.
bool IsOursNamed(Oid function, const char *prefix);

// Raises when somebody without superuser's rights owns anything that the query runs: a superuser's
// worker would run it.
void RequireSuperuserObjects(Query *query);

}  // namespace weir::continuous

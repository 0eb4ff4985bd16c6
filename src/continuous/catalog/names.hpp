// Names of objects in SQL that is run under any search_path.
#pragma once

#include "pg/pg.hpp"

namespace weir::continuous {

char *QualifiedFunction(Oid function);
char *QualifiedRelation(Oid relation);
char *QualifiedType(Oid type);

// schema.<, for OPERATOR()
char *QualifiedOperator(Oid op);

// 'schema.name(types)'::regprocedure
char *ProcedureLiteral(Oid function);

// The function of the extension with that name, of which there is one.
Oid OurFunction(const char *name);

// Whether a function is the extension's and has that name.
bool IsOurs(Oid function, const char *name);

// An object of a query in schema weir_state: q7, or q7_new.
char *StateName(int32 query_id, const char *suffix);

// Of the log of a result's changes.
inline constexpr char kLogSuffix[] = "_changes";

}  // namespace weir::continuous

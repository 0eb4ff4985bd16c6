// What functions written in SQL call for an argument that they do not know.
#include "pg/compat.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "utils/builtins.h"
}

WEIR_FUNCTION(weir_unknown_choice) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) PG_RETURN_NULL();
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("unrecognized value for argument \"%s\": \"%s\"",
                 text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1))),
          errhint("Available values: %s.", text_to_cstring(PG_GETARG_TEXT_PP(2))));
}

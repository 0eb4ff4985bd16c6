// SPI with errors instead of result codes.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace weir::pg {

// Runs one statement with parameters, none of them null. Raises unless it ends with `expected`.
inline void Execute(const char *sql, int expected, int parameter_count = 0, Oid *types = nullptr,
                    Datum *values = nullptr) {
  const int code = SPI_execute_with_args(sql, parameter_count, types, values, nullptr, false, 0);
  if (code == expected) return;
  ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
          errmsg_internal("unexpected result \"%s\" of \"%s\"", SPI_result_code_string(code), sql));
}

}  // namespace weir::pg

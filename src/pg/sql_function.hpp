// Declares and exports one SQL-callable function: WEIR_FUNCTION(weir_flush) { ... PG_RETURN_...; }
#pragma once

#include "pg/pg.hpp"

#define WEIR_FUNCTION(name)                 \
  extern "C" {                              \
  PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
  PG_FUNCTION_INFO_V1(name);                \
  }                                         \
  Datum name([[maybe_unused]] PG_FUNCTION_ARGS)

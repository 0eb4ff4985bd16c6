// The one place that includes the server's headers.
#pragma once

// PostgreSQL 15 leaves PGDLLEXPORT empty; the library hides every symbol that is not marked with
// it.
#ifndef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

extern "C" {
#include "postgres.h"
// postgres.h comes first; nothing may be sorted above it.
#include "fmgr.h"
#include "miscadmin.h"
}

// Defines settings by name: the variable's own initial value is the default, so it is written once.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace weir::pg {

struct IntSetting {
  const char *name;
  const char *summary;
  const char *detail = nullptr;
  int *value;
  int min;
  int max;
  GucContext context;
  int flags = 0;
  GucIntCheckHook check = nullptr;
};

struct BoolSetting {
  const char *name;
  const char *summary;
  const char *detail = nullptr;
  bool *value;
  GucContext context;
  int flags = 0;
};

struct RealSetting {
  const char *name;
  const char *summary;
  const char *detail = nullptr;
  double *value;
  double min;
  double max;
  GucContext context;
  int flags = 0;
};

struct EnumSetting {
  const char *name;
  const char *summary;
  const char *detail = nullptr;
  int *value;
  const config_enum_entry *options;
  GucContext context;
  int flags = 0;
};

struct StringSetting {
  const char *name;
  const char *summary;
  const char *detail = nullptr;
  char **value;  // points to the default, a literal
  GucContext context;
  int flags = 0;
  GucStringCheckHook check = nullptr;
  GucStringAssignHook assign = nullptr;
};

inline void Define(const IntSetting &s) {
  DefineCustomIntVariable(s.name, s.summary, s.detail, s.value, *s.value, s.min, s.max, s.context,
                          s.flags, s.check, nullptr, nullptr);
}

inline void Define(const BoolSetting &s) {
  DefineCustomBoolVariable(s.name, s.summary, s.detail, s.value, *s.value, s.context, s.flags,
                           nullptr, nullptr, nullptr);
}

inline void Define(const RealSetting &s) {
  DefineCustomRealVariable(s.name, s.summary, s.detail, s.value, *s.value, s.min, s.max, s.context,
                           s.flags, nullptr, nullptr, nullptr);
}

inline void Define(const EnumSetting &s) {
  DefineCustomEnumVariable(s.name, s.summary, s.detail, s.value, *s.value, s.options, s.context,
                           s.flags, nullptr, nullptr, nullptr);
}

inline void Define(const StringSetting &s) {
  DefineCustomStringVariable(s.name, s.summary, s.detail, s.value, *s.value, s.context, s.flags,
                             s.check, s.assign, nullptr);
}

}  // namespace weir::pg

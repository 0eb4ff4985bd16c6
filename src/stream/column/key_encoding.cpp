// Which encoding a type has.
#include "stream/column/column_set.hpp"
#include "stream/column/encoding.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"
#include "utils/typcache.h"
}

namespace weir::stream {
namespace {

Encoding TextEncoding(Oid collation, Encoding encoding) {
  if (!OidIsValid(collation)) return Encoding::kNone;
  return get_collation_isdeterministic(collation) ? encoding : Encoding::kNone;
}

bool IsOidLike(Oid type) {
  switch (type) {
    case OIDOID:
    case XIDOID:
    case REGCLASSOID:
    case REGTYPEOID:
    case REGPROCOID:
    case REGPROCEDUREOID:
    case REGOPEROID:
    case REGOPERATOROID:
    case REGROLEOID:
    case REGNAMESPACEOID:
    case REGCONFIGOID:
    case REGDICTIONARYOID:
    case REGCOLLATIONOID:
      return true;
    default:
      return type_is_enum(type);
  }
}

}  // namespace

Encoding KeyEncoding(Oid type, Oid collation) {
  switch (getBaseType(type)) {
    case BOOLOID:
      return Encoding::kBool;
    case CHAROID:
      return Encoding::kChar;
    case INT2OID:
      return Encoding::kInt16;
    case INT4OID:
    case DATEOID:
      return Encoding::kInt32;
    case INT8OID:
    case TIMEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
    case CASHOID:
    case XID8OID:
    case LSNOID:
      return Encoding::kInt64;
    case FLOAT4OID:
      return Encoding::kKeyFloat4;
    case FLOAT8OID:
      return Encoding::kKeyFloat8;
    case TEXTOID:
    case VARCHAROID:
      return TextEncoding(collation, Encoding::kText);
    case BYTEAOID:
    case INETOID:
    case CIDROID:
      return Encoding::kText;
    case BPCHAROID:
      return TextEncoding(collation, Encoding::kKeyBpchar);
    case NUMERICOID:
      return Encoding::kKeyNumeric;
    case INTERVALOID:
      return Encoding::kKeyInterval;
    case NAMEOID:
      return Encoding::kKeyName;
    case UUIDOID:
    case TIMETZOID:
    case TIDOID:
    case MACADDROID:
    case MACADDR8OID:
      return Encoding::kKeyFixed;
    default:
      return IsOidLike(getBaseType(type)) ? Encoding::kUint32 : Encoding::kNone;
  }
}

Encoding GroupKeyEncoding(Oid type, Oid collation, Oid equality) {
  const Encoding own = KeyEncoding(type, collation);
  if (own != Encoding::kNone && lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr == equality) {
    return own;
  }
  RegProcedure hash;
  RegProcedure other_hash;
  if (!get_op_hash_functions(equality, &hash, &other_hash) || hash != other_hash) {
    return Encoding::kNone;
  }
  int16 length;
  bool is_by_value;
  get_typlenbyval(type, &length, &is_by_value);
  if (is_by_value) return Encoding::kKeyDatum;
  return length == -1 || length > 0 ? Encoding::kKeyImage : Encoding::kNone;
}

bool IsClassKey(Encoding encoding) {
  return encoding == Encoding::kKeyImage || encoding == Encoding::kKeyDatum;
}

Encoding WordEncoding(Oid type) {
  const Encoding physical = PhysicalEncoding(type);
  if (physical != Encoding::kNone) return physical;
  switch (getBaseType(type)) {
    case CASHOID:
    case XID8OID:
    case LSNOID:
      return Encoding::kInt64;
    default:
      return IsOidLike(getBaseType(type)) ? Encoding::kUint32 : Encoding::kNone;
  }
}

Encoding ArgumentEncoding(Oid type) {
  const Encoding physical = PhysicalEncoding(type);
  if (physical != Encoding::kNone) return physical;
  return get_typbyval(type) ? Encoding::kWholeWord : Encoding::kWhole;
}

core::ValueKind KindOf(Encoding encoding) {
  switch (encoding) {
    case Encoding::kInt64:
    case Encoding::kWholeWord:
      return core::ValueKind::kInt64;
    case Encoding::kFloat4:
      return core::ValueKind::kFloat4;
    case Encoding::kFloat8:
      return core::ValueKind::kFloat8;
    case Encoding::kNumeric:
      return core::ValueKind::kNumeric;
    case Encoding::kText:
    case Encoding::kKeyNumeric:
    case Encoding::kKeyFloat4:
    case Encoding::kKeyFloat8:
    case Encoding::kKeyBpchar:
    case Encoding::kKeyInterval:
    case Encoding::kKeyName:
    case Encoding::kKeyFixed:
    case Encoding::kKeyImage:
    case Encoding::kKeyDatum:
    case Encoding::kWhole:
      return core::ValueKind::kText;
    default:
      return core::ValueKind::kInt32;
  }
}

bool IsWordKey(Encoding encoding) {
  const core::ValueKind kind = KindOf(encoding);
  return encoding != Encoding::kNone &&
         (kind == core::ValueKind::kInt32 || kind == core::ValueKind::kInt64);
}

bool IsPadded(Encoding encoding) {
  switch (encoding) {
    case Encoding::kKeyNumeric:
    case Encoding::kKeyFloat4:
    case Encoding::kKeyFloat8:
    case Encoding::kKeyBpchar:
    case Encoding::kKeyInterval:
    case Encoding::kKeyImage:
    case Encoding::kKeyDatum:
    case Encoding::kWhole:
      return true;
    default:
      return false;
  }
}

}  // namespace weir::stream

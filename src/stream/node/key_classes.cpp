#include "stream/node/key_classes.hpp"

#include "core/base/hash.hpp"

extern "C" {
#include "fmgr.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
}

namespace weir::stream {
namespace {

// One way a value was written. All images of equal values carry the same number.
struct Image {
  uint64 number;
  uint32 type_hash;
  uint32 length;
  char bytes[FLEXIBLE_ARRAY_MEMBER];  // as aligned as a datum
};

struct Place {
  uint64 hash;
  Image *image;  // null: empty
};

// Open addressing, at most half full.
struct ImageTable {
  Place *places;
  Size mask;
  Size count;
};

constexpr Size kFirstPlaces = 256;
constexpr uint64 kNumberBytes = 8;

}  // namespace

struct KeyClasses {
  MemoryContext context;  // of the images and the tables
  MemoryContext scratch;  // of what the type's functions leave behind
  FmgrInfo equal;
  FmgrInfo hash;
  Oid collation;
  bool is_by_value;
  bool is_closed;
  uint64 last_number;
  ImageTable images;   // by the hash of their bytes
  ImageTable classes;  // the first image of each class, by the type's hash
};

namespace {

void MakeTable(KeyClasses *classes, ImageTable *table, Size places) {
  table->places = static_cast<Place *>(MemoryContextAllocExtended(
      classes->context, places * sizeof(Place), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
  table->mask = places - 1;
}

void Insert(ImageTable *table, uint64 hash, Image *image) {
  Size at = hash & table->mask;
  while (table->places[at].image != nullptr) at = (at + 1) & table->mask;
  table->places[at] = {hash, image};
}

void Add(KeyClasses *classes, ImageTable *table, uint64 hash, Image *image) {
  if ((table->count + 1) * 2 > table->mask + 1) {
    const ImageTable old = *table;
    MakeTable(classes, table, (old.mask + 1) * 2);
    for (Size i = 0; i <= old.mask; ++i) {
      if (old.places[i].image != nullptr) Insert(table, old.places[i].hash, old.places[i].image);
    }
    pfree(old.places);
  }
  ++table->count;
  Insert(table, hash, image);
}

Image *FindImage(const ImageTable *table, uint64 hash, const char *bytes, uint32 length) {
  for (Size at = hash & table->mask;; at = (at + 1) & table->mask) {
    const Place &place = table->places[at];
    if (place.image == nullptr) return nullptr;
    if (place.hash == hash && place.image->length == length &&
        memcmp(place.image->bytes, bytes, length) == 0) {
      return place.image;
    }
  }
}

Datum ValueOf(const KeyClasses *classes, const char *bytes) {
  return classes->is_by_value ? core::Load<Datum>(bytes) : PointerGetDatum(bytes);
}

// As the grouping nodes ask: a comparison that gives NULL found no equality.
bool AreEqual(KeyClasses *classes, const Image *image, Datum value) {
  LOCAL_FCINFO(call, 2);
  InitFunctionCallInfoData(*call, &classes->equal, 2, classes->collation, nullptr, nullptr);
  call->args[0] = {ValueOf(classes, image->bytes), false};
  call->args[1] = {value, false};
  const Datum result = FunctionCallInvoke(call);
  return !call->isnull && DatumGetBool(result);
}

// The type's hash, spread over 64 bits: few types care for more than the low ones.
uint64 Spread(uint32 type_hash) { return core::HashWord(type_hash); }

Image *FindClass(KeyClasses *classes, uint32 type_hash, Datum value) {
  const ImageTable *table = &classes->classes;
  const uint64 hash = Spread(type_hash);
  for (Size at = hash & table->mask;; at = (at + 1) & table->mask) {
    const Place &place = table->places[at];
    if (place.image == nullptr) return nullptr;
    if (place.hash == hash && AreEqual(classes, place.image, value)) return place.image;
  }
}

Image *AddImage(KeyClasses *classes, const char *bytes, uint32 length, uint32 type_hash,
                uint64 number) {
  auto *image = static_cast<Image *>(
      MemoryContextAllocHuge(classes->context, offsetof(Image, bytes) + length));
  image->number = number;
  image->type_hash = type_hash;
  image->length = length;
  memcpy(image->bytes, bytes, length);
  Add(classes, &classes->images, core::HashBytes({bytes, length}), image);
  return image;
}

// The number of an image not seen before, or zero.
uint64 Classify(KeyClasses *classes, const char *bytes, uint32 length, uint32 *type_hash) {
  const Datum value = ValueOf(classes, bytes);
  MemoryContext old = MemoryContextSwitchTo(classes->scratch);
  *type_hash = DatumGetUInt32(FunctionCall1Coll(&classes->hash, classes->collation, value));
  const Image *known = FindClass(classes, *type_hash, value);
  MemoryContextSwitchTo(old);
  if (known != nullptr) {
    const uint64 number = known->number;
    if (!classes->is_closed) AddImage(classes, bytes, length, *type_hash, number);
    return number;
  }
  if (classes->is_closed) return 0;
  Image *first = AddImage(classes, bytes, length, *type_hash, ++classes->last_number);
  Add(classes, &classes->classes, Spread(*type_hash), first);
  return first->number;
}

void StartTables(KeyClasses *classes) {
  classes->is_closed = false;
  classes->images = {};
  classes->classes = {};
  MakeTable(classes, &classes->images, kFirstPlaces);
  MakeTable(classes, &classes->classes, kFirstPlaces);
}

}  // namespace

KeyClasses *MakeKeyClasses(MemoryContext parent, Oid equality, Oid collation, bool is_by_value) {
  RegProcedure hash;
  RegProcedure other_hash;
  if (!get_op_hash_functions(equality, &hash, &other_hash)) {
    elog(ERROR, "could not find hash function for operator %u", equality);
  }
  auto *classes = static_cast<KeyClasses *>(MemoryContextAllocZero(parent, sizeof(KeyClasses)));
  classes->context = AllocSetContextCreate(parent, "weir key classes", ALLOCSET_DEFAULT_SIZES);
  classes->scratch = AllocSetContextCreate(parent, "weir key functions", ALLOCSET_DEFAULT_SIZES);
  fmgr_info_cxt(get_opcode(equality), &classes->equal, parent);
  fmgr_info_cxt(hash, &classes->hash, parent);
  classes->collation = collation;
  classes->is_by_value = is_by_value;
  StartTables(classes);
  return classes;
}

void ResetKeyClasses(KeyClasses *classes) {
  MemoryContextReset(classes->context);
  StartTables(classes);
}

Size ClassesBytes(const KeyClasses *classes) {
  return MemoryContextMemAllocated(classes->context, false);
}

void CloseClasses(KeyClasses *classes, bool is_closed) { classes->is_closed = is_closed; }
bool AreClassesClosed(const KeyClasses *classes) { return classes->is_closed; }

void NumberKeys(KeyClasses *classes, core::Column *column, int count, Strangers *strangers) {
  for (int row = 0; row < count; ++row) {
    if (column->null[row] != 0) continue;
    const char *bytes = column->outline[row];
    const uint32 length = column->length[row];
    const Image *image =
        FindImage(&classes->images, core::HashBytes({bytes, length}), bytes, length);
    uint32 type_hash = 0;
    const uint64 number =
        image != nullptr ? image->number : Classify(classes, bytes, length, &type_hash);
    column->word[row] = static_cast<int64>(number);
    column->high[row] = kNumberBytes << 56;
    if (number != 0) continue;
    if (!strangers->is_stranger[row]) ++strangers->count;
    strangers->is_stranger[row] = true;
    strangers->hash[row] =
        core::MultiplyFold(strangers->hash[row] ^ Spread(type_hash), Spread(type_hash + 1));
  }
  MemoryContextReset(classes->scratch);
}

}  // namespace weir::stream

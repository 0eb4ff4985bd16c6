// Compiles a tuple descriptor into decoding steps.
#include "stream/column/decode.hpp"

namespace weir::stream {
namespace {

int AlignmentOf(Form_pg_attribute attribute) {
  switch (attribute->attalign) {
    case TYPALIGN_DOUBLE:
      return ALIGNOF_DOUBLE;
    case TYPALIGN_INT:
      return ALIGNOF_INT;
    case TYPALIGN_SHORT:
      return ALIGNOF_SHORT;
    default:
      return 1;
  }
}

DecodeOp LoadOf(Encoding encoding, int length) {
  switch (encoding) {
    case Encoding::kWholeWord:
      return length == 8 ? DecodeOp::kLoad8 : DecodeOp::kLoadDatum;
    case Encoding::kBool:
      return DecodeOp::kLoad1;
    case Encoding::kChar:
      return DecodeOp::kLoadChar;
    case Encoding::kInt16:
      return DecodeOp::kLoad2;
    case Encoding::kInt32:
      return DecodeOp::kLoad4;
    case Encoding::kUint32:
      return DecodeOp::kLoadUnsigned4;
    case Encoding::kInt64:
    case Encoding::kFloat8:
      return DecodeOp::kLoad8;
    case Encoding::kFloat4:
      return DecodeOp::kLoadFloat4;
    default:
      return DecodeOp::kLoadDatum;
  }
}

// Where the cursor of every tuple is known to stand: `offset` bytes past an address that is a
// multiple of `alignment`.
struct Position {
  int offset;
  int alignment;
};

class Builder {
 public:
  Builder(DecodeProgram *program, const ColumnSet *set) : program_(program), set_(set) {}

  bool Build() {
    for (AttrNumber number = 1; number <= program_->highest; ++number) {
      Form_pg_attribute attribute = TupleDescAttr(program_->descriptor, number - 1);
      if (attribute->attlen > 0) {
        AddFixed(number, attribute);
      } else if (attribute->attlen == -1) {
        AddVarlena(number, attribute);
      } else {
        return false;
      }
    }
    return true;
  }

 private:
  void Add(DecodeOp op, int alignment, int next_alignment, int base) {
    program_->steps[program_->step_count++] = {
        op, static_cast<uint8>(alignment), static_cast<uint8>(next_alignment), at_.offset, base};
  }

  bool IsDecoded(int base) const { return set_->bases[base].physical != Encoding::kNullness; }

  void AddFixed(AttrNumber number, Form_pg_attribute attribute) {
    const int alignment = AlignmentOf(attribute);
    if (alignment <= at_.alignment) {
      at_.offset = static_cast<int>(TYPEALIGN(static_cast<uintptr_t>(alignment), at_.offset));
    } else {
      Add(DecodeOp::kAlign, alignment, 0, -1);
      at_ = {0, alignment};
    }
    for (int base = program_->first_base[number]; base >= 0; base = program_->next_base[base]) {
      if (!IsDecoded(base)) continue;
      Add(LoadOf(set_->bases[base].physical, attribute->attlen), 0, 0, base);
    }
    at_.offset += attribute->attlen;
  }

  void AddVarlena(AttrNumber number, Form_pg_attribute attribute) {
    const int alignment = AlignmentOf(attribute);
    int next_alignment = 1;
    if (number < program_->highest) {
      Form_pg_attribute next = TupleDescAttr(program_->descriptor, number);
      if (next->attlen > 0) next_alignment = AlignmentOf(next);
    }
    int last = -1;
    for (int base = program_->first_base[number]; base >= 0; base = program_->next_base[base]) {
      if (!IsDecoded(base)) continue;
      if (last >= 0) Add(DecodeOp::kPeekVarlena, alignment, 0, last);
      last = base;
    }
    if (last < 0 && number == program_->highest) return;
    Add(last < 0 ? DecodeOp::kSkipVarlena : DecodeOp::kVarlena, alignment, next_alignment, last);
    at_ = {0, next_alignment};
  }

  DecodeProgram *program_;
  const ColumnSet *set_;
  Position at_{0, MAXIMUM_ALIGNOF};
};

void LinkBases(DecodeProgram *program, const ColumnSet *set) {
  const Size attributes = static_cast<Size>(program->highest) + 1;
  program->first_base = static_cast<int *>(palloc(attributes * sizeof(int)));
  program->next_base =
      static_cast<int *>(palloc(static_cast<Size>(set->base_count + 1) * sizeof(int)));
  for (Size i = 0; i < attributes; ++i) program->first_base[i] = -1;
  for (int base = set->base_count - 1; base >= 0; --base) {
    int *first = &program->first_base[set->bases[base].attribute];
    program->next_base[base] = *first;
    *first = base;
  }
}

}  // namespace

DecodeProgram *MakeDecodeProgram(TupleDesc descriptor, const ColumnSet *set) {
  auto *program = static_cast<DecodeProgram *>(palloc0(sizeof(DecodeProgram)));
  program->descriptor = descriptor;
  program->highest = HighestAttribute(set);
  LinkBases(program, set);
  const Size steps =
      2 * static_cast<Size>(program->highest) + static_cast<Size>(set->base_count) + 1;
  program->steps = static_cast<DecodeStep *>(palloc0(steps * sizeof(DecodeStep)));
  return Builder(program, set).Build() ? program : nullptr;
}

}  // namespace weir::stream

// weir.tumble and weir.tumble_end: window bounds as plain functions.
#pragma once

#include "stream/column/vector_form.hpp"

namespace weir::stream {

bool IsTumble(Oid function);

// Recognises a call of weir.tumble over constants.
bool TumbleForm(const FuncExpr *call, WindowForm *form);

}  // namespace weir::stream

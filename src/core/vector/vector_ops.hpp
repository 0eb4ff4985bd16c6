// Arithmetic and comparisons of columns, with the checks that PostgreSQL's operators make.
#pragma once

#include "core/vector/vector_program.hpp"

namespace weir::core {

// One strict operator; the output's NULLs are set already and rows that are NULL raise nothing.
VectorStatus RunOperator(const VectorStep &step, Column *columns, int count) noexcept;

}  // namespace weir::core

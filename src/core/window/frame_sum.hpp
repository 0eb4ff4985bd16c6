// Sums of floats over sliding frames, each added up from its first value on, as PostgreSQL does.
#pragma once

#include <cstdint>

namespace weir::core {

// Sums of the kLanes frames of `length` values that start at values[0], values[1], ... Each is a
// chain of additions whose order counts, but the chains run side by side: 4, 8 or 16 of them. The
// words are doubles; `Real` is the type that PostgreSQL adds in.
template <typename Real, int kLanes>
void SumFrames(const std::int64_t *values, std::int64_t length, double *sums) noexcept;

// One frame; -0 when it is empty.
template <typename Real>
double SumFrame(const std::int64_t *values, std::int64_t length) noexcept;

// Whether adding the values one by one overflows where PostgreSQL raises an error.
template <typename Real>
bool SumOverflows(const std::int64_t *values, std::int64_t length) noexcept;

}  // namespace weir::core

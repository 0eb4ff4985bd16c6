#include "core/window/frame_sum.hpp"

#include <cmath>

#include "core/column/column.hpp"
#include "core/group/update_kernels.hpp"

namespace weir::core {

template <typename Real, int kLanes>
void SumFrames(const std::int64_t *values, std::int64_t length, double *sums) noexcept {
  if constexpr (sizeof(Real) == sizeof(double)) {
    using Pair [[gnu::vector_size(16)]] = double;
    Pair sum[kLanes / 2];
    for (Pair &pair : sum) pair = Pair{-0.0, -0.0};
    for (std::int64_t i = 0; i < length; ++i) {
      for (int k = 0; k < kLanes / 2; ++k) sum[k] += Load<Pair>(values + i + 2 * k);
    }
    for (int k = 0; k < kLanes; ++k) sums[k] = sum[k / 2][k % 2];
  } else {
    Real sum[kLanes];
    for (Real &lane : sum) lane = static_cast<Real>(-0.0);
    for (std::int64_t i = 0; i < length; ++i) {
      for (int k = 0; k < kLanes; ++k) sum[k] += static_cast<Real>(AsDouble(values[i + k]));
    }
    for (int k = 0; k < kLanes; ++k) sums[k] = static_cast<double>(sum[k]);
  }
}

template <typename Real>
double SumFrame(const std::int64_t *values, std::int64_t length) noexcept {
  Real sum = static_cast<Real>(-0.0);
  for (std::int64_t i = 0; i < length; ++i) sum += static_cast<Real>(AsDouble(values[i]));
  return static_cast<double>(sum);
}

template <typename Real>
bool SumOverflows(const std::int64_t *values, std::int64_t length) noexcept {
  Real sum = static_cast<Real>(-0.0);
  for (std::int64_t i = 0; i < length; ++i) {
    const Real next = sum + static_cast<Real>(AsDouble(values[i]));
    if (Overflowed(static_cast<double>(next), static_cast<double>(sum), AsDouble(values[i]))) {
      return true;
    }
    sum = next;
  }
  return false;
}

template void SumFrames<float, 4>(const std::int64_t *, std::int64_t, double *) noexcept;
template void SumFrames<float, 8>(const std::int64_t *, std::int64_t, double *) noexcept;
template void SumFrames<float, 16>(const std::int64_t *, std::int64_t, double *) noexcept;
template void SumFrames<double, 4>(const std::int64_t *, std::int64_t, double *) noexcept;
template void SumFrames<double, 8>(const std::int64_t *, std::int64_t, double *) noexcept;
template void SumFrames<double, 16>(const std::int64_t *, std::int64_t, double *) noexcept;
template double SumFrame<float>(const std::int64_t *, std::int64_t) noexcept;
template double SumFrame<double>(const std::int64_t *, std::int64_t) noexcept;
template bool SumOverflows<float>(const std::int64_t *, std::int64_t) noexcept;
template bool SumOverflows<double>(const std::int64_t *, std::int64_t) noexcept;

}  // namespace weir::core

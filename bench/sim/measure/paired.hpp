// What a difference is worth when the machine is noisy: pairs of neighbours in time, their middle,
// and an interval that holds without a guess about the shape of the noise.
#pragma once

#include <vector>

namespace weir::sim {

struct Interval {
  double middle = 0;
  double low = 0;
  double high = 0;
  double confidence = 0;  // what low to high really covers; 0 when there are too few pairs
};

// Hodges and Lehmann's estimate of the middle of paired differences: the median of the means of all
// pairs of them. The interval inverts Wilcoxon's signed-rank test, exactly. It assumes that the
// differences scatter evenly about their middle, and is not moved by single wild ones.
Interval PairedInterval(const std::vector<double> &differences, double confidence = 0.95);

}  // namespace weir::sim

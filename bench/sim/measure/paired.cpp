#include "measure/paired.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace weir::sim {
namespace {

// The probability of each sum of ranks 0 .. n(n+1)/2 when signs are a matter of chance.
std::vector<double> SignedRankProbabilities(std::size_t n) {
  std::vector<double> probability(n * (n + 1) / 2 + 1, 0.0);
  probability[0] = 1;
  for (std::size_t rank = 1; rank <= n; ++rank) {
    for (std::size_t sum = probability.size(); sum-- > 0;) {
      probability[sum] = (probability[sum] + (sum >= rank ? probability[sum - rank] : 0.0)) / 2;
    }
  }
  return probability;
}

// How many of the sorted means lie outside of the interval at each end, and what that leaves
// inside.
struct Cut {
  std::size_t outside = 0;
  double confidence = 0;
};

Cut CutFor(std::size_t n, double confidence) {
  const std::vector<double> probability = SignedRankProbabilities(n);
  const double tail_allowed = (1 - confidence) / 2;
  Cut cut;
  double tail = 0;
  for (std::size_t sum = 0; sum < probability.size(); ++sum) {
    if (tail + probability[sum] > tail_allowed) break;
    tail += probability[sum];
    cut.outside = sum;
    cut.confidence = 1 - 2 * tail;
  }
  return cut;
}

double Median(const std::vector<double> &sorted) {
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

}  // namespace

Interval PairedInterval(const std::vector<double> &differences, double confidence) {
  Interval interval;
  if (differences.empty()) return interval;
  std::vector<double> means;
  for (std::size_t i = 0; i < differences.size(); ++i) {
    for (std::size_t j = i; j < differences.size(); ++j) {
      means.push_back((differences[i] + differences[j]) / 2);
    }
  }
  std::sort(means.begin(), means.end());
  const Cut cut = CutFor(differences.size(), confidence);
  interval.middle = Median(means);
  interval.low = means[cut.outside];
  interval.high = means[means.size() - 1 - cut.outside];
  interval.confidence = cut.confidence;
  return interval;
}

}  // namespace weir::sim

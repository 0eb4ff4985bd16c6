#include "plan/mix.hpp"

#include <fmt/ranges.h>

#include <cmath>

#include "support/assets.hpp"
#include "support/failure.hpp"

namespace weir::sim {
namespace {

struct Mix {
  const char *name;
  std::vector<Operation> reads;  // weights add up to 100
};

const std::vector<Mix> &Mixes() {
  static const std::vector<Mix> mixes = {
      {"mixed",
       {{"q1_email", 30}, {"q2_phone", 30}, {"q3_industry", 20}, {"q4_type", 10}, {"q5_note", 10}}},
      {"email", {{"q1_email", 80}, {"q2_phone", 10}, {"q3_industry", 10}}},
      {"phone", {{"q2_phone", 80}, {"q1_email", 10}, {"q3_industry", 10}}},
      {"industry", {{"q3_industry", 80}, {"q1_email", 10}, {"q2_phone", 10}}},
      {"ecommerce",
       {{"q3_industry", 30},
        {"q4_type", 30},
        {"a1_industries", 15},
        {"a2_daily", 15},
        {"a4_busiest", 10}}},
      {"analytics",
       {{"a1_industries", 25}, {"a2_daily", 25}, {"a3_latest", 25}, {"a4_busiest", 25}}}};
  return mixes;
}

// Weights of pgbench are integers; a thousandth of the writes is exact enough.
constexpr int kThousand = 1000;

}  // namespace

std::vector<Operation> FindMix(const std::string &name, double write_share) {
  if (!(write_share >= 0 && write_share <= 1)) {
    throw Failure(Exit::kUsage, "the share of writes must be from 0 to 1, not {}", write_share);
  }
  const int writes = static_cast<int>(std::lround(write_share * kThousand));
  std::vector<std::string> names;
  for (const Mix &mix : Mixes()) {
    names.emplace_back(mix.name);
    if (mix.name != name) continue;
    std::vector<Operation> operations;
    for (const Operation &read : mix.reads) {
      operations.push_back({read.name, 2 * read.weight * (kThousand - writes)});
    }
    operations.push_back({"w1_interaction", 100 * writes});
    operations.push_back({"w2_contact", 100 * writes});
    std::erase_if(operations, [](const Operation &operation) { return operation.weight == 0; });
    return operations;
  }
  throw Failure(Exit::kUsage, "unknown mix \"{}\"; there are {}", name, fmt::join(names, ", "));
}

std::string ScriptOf(const std::string &operation) {
  return std::string(Asset("crm/tenant.sql")) +
         std::string(Asset("crm/queries/" + operation + ".sql"));
}

std::string BatchScript(const std::vector<Operation> &mix, int operations) {
  int total = 0;
  for (const Operation &operation : mix) total += operation.weight;
  std::string once = fmt::format("\\set choice random(1, {})\n", total);
  int up_to = 0;
  for (const Operation &operation : mix) {
    up_to += operation.weight;
    once += fmt::format("{} :choice <= {}\n{}", up_to == operation.weight ? "\\if" : "\\elif",
                        up_to, ScriptOf(operation.name));
  }
  once += "\\endif\n";
  std::string script;
  for (int i = 0; i < operations; ++i) script += once;
  return script;
}

}  // namespace weir::sim

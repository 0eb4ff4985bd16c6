// Scenarios, mixes and schedules.
#include <gtest/gtest.h>

#include <numeric>

#include "plan/mix.hpp"
#include "plan/scenario.hpp"
#include "plan/schedule.hpp"
#include "support/failure.hpp"

namespace weir::sim {
namespace {

Exit CodeOf(const std::function<void()> &action) {
  try {
    action();
  } catch (const Failure &failure) {
    return failure.code();
  }
  return Exit::kOk;
}

TEST(Scenario, TenantsAreOneOfEachKindInTurn) {
  for (const Scenario &scenario : Scenarios()) {
    EXPECT_EQ(scenario.tenants % 5, 0) << scenario.name;
    EXPECT_EQ(scenario.contacts % 10, 0) << scenario.name;
    EXPECT_EQ(scenario.organizations % 10, 0) << scenario.name;
    EXPECT_EQ(scenario.interactions % 10, 0) << scenario.name;
  }
}

TEST(Scenario, HasTheRowsOfAllKinds) {
  // Two tenants of each kind: 2 * (0.5 + 2 + 1 + 1.5 + 0.7) times an average tenant, and the
  // tenants.
  EXPECT_EQ(FindScenario("small", 1).Rows(), 11.4 * (500 + 50 + 1000) + 10);
  EXPECT_EQ(FindScenario("small", 1).TotalQueries(), 2000);
}

TEST(Scenario, ScalesToWholeTens) {
  const Scenario small = FindScenario("small", 0.03);
  EXPECT_EQ(small.contacts, 20);
  EXPECT_EQ(small.organizations, 10);
  EXPECT_EQ(small.queries, 6);
}

TEST(Scenario, RefusesWhatMakesNoSense) {
  EXPECT_EQ(CodeOf([] { FindScenario("huge", 1); }), Exit::kUsage);
  for (const double scale : {0.0, -1.0, 101.0, std::nan("")}) {
    EXPECT_EQ(CodeOf([=] { FindScenario("small", scale); }), Exit::kUsage) << scale;
  }
}

TEST(Mix, HasTheShareOfWritesThatWasAskedFor) {
  for (const double share : {0.0, 0.15, 0.5, 1.0}) {
    double writes = 0;
    double all = 0;
    for (const Operation &operation : FindMix("mixed", share)) {
      all += operation.weight;
      if (operation.name[0] == 'w') writes += operation.weight;
      EXPECT_GT(operation.weight, 0);
    }
    EXPECT_NEAR(writes / all, share, 1e-9);
  }
}

TEST(Mix, KnowsAScriptForEachOperation) {
  for (const char *name : {"mixed", "email", "phone", "industry", "ecommerce", "analytics"}) {
    for (const Operation &operation : FindMix(name, 0.15)) {
      EXPECT_NE(ScriptOf(operation.name).find("SET weir.tenant"), std::string::npos)
          << operation.name;
    }
  }
}

TEST(Mix, RefusesWhatMakesNoSense) {
  EXPECT_EQ(CodeOf([] { FindMix("sms", 0); }), Exit::kUsage);
  EXPECT_EQ(CodeOf([] { FindMix("mixed", 1.5); }), Exit::kUsage);
}

LoadOptions Options(int clients, double rate, int duration_s) {
  return {.clients = clients,
          .rate = rate,
          .duration_s = duration_s,
          .seed = 1,
          .cores = 2,
          .scripts = {}};
}

TEST(Schedule, BurstRunsAllQueriesWithAThreadForEachClient) {
  const Schedule schedule = BurstSchedule(FindScenario("small", 1), Options(7, 0, 0));
  ASSERT_EQ(schedule.loads.size(), 1U);
  EXPECT_EQ(schedule.loads[0].threads, 7);
  EXPECT_GE(schedule.loads[0].transactions * 7, 2000);
}

TEST(Schedule, ProductionMultipliesTheRateInSpikes) {
  const Scenario scenario = FindScenario("medium", 1);
  const Schedule schedule = ProductionSchedule(scenario, Options(16, 1000, 60));
  ASSERT_EQ(schedule.loads.size(), 3U);
  EXPECT_EQ(schedule.loads[0].duration_s, 60);
  double spike_s = 0;
  double covered_s = 0;
  for (const Phase &phase : schedule.phases) {
    EXPECT_EQ(phase.from_s, covered_s);
    covered_s = phase.to_s;
    if (phase.kind != "spike") continue;
    spike_s += phase.to_s - phase.from_s;
    EXPECT_EQ(phase.offered_rate, 4000);
  }
  EXPECT_EQ(covered_s, 60);
  EXPECT_NEAR(spike_s, 0.15 * 60, 1);
}

TEST(Schedule, ProductionOfOneSecondStillHasItsSpikeInside) {
  const Schedule schedule = ProductionSchedule(FindScenario("small", 1), Options(4, 10, 1));
  for (const Phase &phase : schedule.phases) EXPECT_LE(phase.to_s, 1);
}

TEST(Schedule, RampAddsEveryClientOnceAndHolds) {
  for (const int clients : {1, 7, 100, 500}) {
    const Schedule schedule = RampSchedule(Options(clients, 0, 90));
    int running = 0;
    double before = -1;
    for (const Load &load : schedule.loads) {
      running += load.clients;
      EXPECT_GT(load.clients, 0);
      EXPECT_GT(load.start_s, before);
      EXPECT_LE(load.start_s + load.duration_s, 91);
      before = load.start_s;
    }
    EXPECT_EQ(running, clients);
    EXPECT_EQ(schedule.phases.back().kind, "hold");
    EXPECT_EQ(schedule.phases.back().to_s, 90);
  }
}

TEST(Mode, NamesGoBothWays) {
  for (const char *name : {"burst", "production", "ramp", "overhead", "connections"}) {
    EXPECT_STREQ(NameOf(FindMode(name)), name);
  }
  EXPECT_EQ(CodeOf([] { FindMode("calm"); }), Exit::kUsage);
}

}  // namespace
}  // namespace weir::sim

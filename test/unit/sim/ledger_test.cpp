#include "measure/ledger.hpp"

#include <gtest/gtest.h>

namespace weir::sim {
namespace {

Transaction Executed(int client, int number, int script) {
  Transaction transaction;
  transaction.client = client;
  transaction.number = number;
  transaction.script = script;
  return transaction;
}

const std::vector<std::string> kPlan = {"burst"};

TEST(Ledger, DoesNotCareWhenThingsWereLogged) {
  EXPECT_EQ(LedgerHash(kPlan, {Executed(0, 0, 3), Executed(1, 0, 2), Executed(0, 1, 1)}),
            LedgerHash(kPlan, {Executed(0, 1, 1), Executed(0, 0, 3), Executed(1, 0, 2)}));
}

TEST(Ledger, DoesNotCareHowLongTheyTook) {
  Transaction slow = Executed(0, 0, 3);
  slow.latency_us = 99;
  slow.end_us = 12345;
  EXPECT_EQ(LedgerHash(kPlan, {slow}), LedgerHash(kPlan, {Executed(0, 0, 3)}));
}

TEST(Ledger, SeesEveryOtherOperation) {
  const std::string hash = LedgerHash(kPlan, {Executed(0, 0, 3), Executed(0, 1, 1)});
  EXPECT_NE(hash, LedgerHash(kPlan, {Executed(0, 0, 1), Executed(0, 1, 3)}));
  EXPECT_NE(hash, LedgerHash(kPlan, {Executed(0, 0, 3)}));
  EXPECT_NE(hash, LedgerHash(kPlan, {Executed(1, 0, 3), Executed(0, 1, 1)}));
  EXPECT_NE(hash, LedgerHash({"ramp"}, {Executed(0, 0, 3), Executed(0, 1, 1)}));
}

TEST(Fingerprint, KeepsPartsApart) {
  Fingerprint one;
  one.Add("ab");
  one.Add("c");
  Fingerprint other;
  other.Add("a");
  other.Add("bc");
  EXPECT_NE(one.Hex(), other.Hex());
  EXPECT_EQ(one.Hex().size(), 16U);
}

}  // namespace
}  // namespace weir::sim

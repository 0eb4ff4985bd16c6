// The document of a run, the page made of it, and the comparison of two.
#include <gtest/gtest.h>

#include "report/compare.hpp"
#include "report/document.hpp"
#include "report/page.hpp"
#include "support/failure.hpp"

namespace weir::sim {
namespace {

RunFacts SomeFacts() {
  RunFacts facts;
  facts.scenario = FindScenario("small", 1);
  facts.options.scenario = "small";
  facts.options.clients = 2;
  facts.machine = {{"cores", 2}};
  facts.settings = {{"weir.capture", "top"}};
  facts.tenants = Json::array();
  facts.queries = Json::array({{{"query", "SELECT '</script><script>alert(1)'"}}});
  facts.fields = Json::array();
  facts.seconds = 1;
  facts.start_us = 1'000'000;
  facts.operations_of_load = {1};
  facts.result.phases = {{"burst", "burst", 0, 1, 0, 2}};
  for (int i = 1; i <= 100; ++i) {
    Transaction one;
    one.client = i % 2;
    one.number = i / 2;
    one.script = i % 2;
    one.latency_us = i * 1000;
    one.end_us = facts.start_us + i * 9'000;
    facts.transactions.push_back(one);
  }
  facts.operations = 100;
  facts.ring.captured = 200;
  facts.ring.flushed = 198;
  facts.ring.in_ring = 1;
  facts.ring.dropped = 1;
  facts.ring.flushes = 2;
  return facts;
}

Json SomeDocument() { return MakeDocument(SomeFacts(), {"q1_email", "q2_phone"}); }

TEST(Document, HasTheFiguresOfTheTransactions) {
  const Json document = SomeDocument();
  EXPECT_EQ(document["total"]["transactions"], 100);
  EXPECT_EQ(document["total"]["throughput"], 100.0);
  EXPECT_EQ(document["total"]["p50_ms"], 50.0);
  EXPECT_EQ(document["total"]["p95_ms"], 95.0);
  EXPECT_EQ(document["total"]["p99_ms"], 99.0);
  EXPECT_EQ(document["operations"][0]["transactions"], 50);
  EXPECT_EQ(document["operations"][1]["p50_ms"], 49.0);
  EXPECT_EQ(document["phases"][0]["transactions"], 100);
  std::int64_t in_map = 0;
  for (const Json &row : document["heat_map"]["counts"]) {
    for (const Json &count : row) in_map += count.get<std::int64_t>();
  }
  EXPECT_EQ(in_map, 100);
}

TEST(Document, SaysWhetherTheBooksBalance) {
  RunFacts facts = SomeFacts();
  EXPECT_TRUE(MakeDocument(facts, {})["records"]["balanced"].get<bool>());
  facts.ring.dropped = 0;
  EXPECT_FALSE(MakeDocument(facts, {})["records"]["balanced"].get<bool>());
}

TEST(Document, CountsFailuresInTheErrorRate) {
  RunFacts facts = SomeFacts();
  facts.failed = 25;
  EXPECT_DOUBLE_EQ(MakeDocument(facts, {})["total"]["error_rate"].get<double>(), 0.2);
}

TEST(Document, LedgerOfAnInterruptedRunIsThatOfItsPlan) {
  RunFacts facts = SomeFacts();
  EXPECT_EQ(MakeDocument(facts, {})["ledger"]["of"], "executed");
  facts.is_interrupted = true;
  EXPECT_EQ(MakeDocument(facts, {})["ledger"]["of"], "planned");
}

TEST(Document, OfARunWithoutTransactionsIsWhole) {
  RunFacts facts = SomeFacts();
  facts.transactions.clear();
  facts.operations = 0;
  facts.seconds = 0;
  const Json document = MakeDocument(facts, {"q1_email"});
  EXPECT_EQ(document["total"]["throughput"], 0.0);
  EXPECT_EQ(document["targets"].size(), SomeDocument()["targets"].size());
}

Json TargetOf(const Json &document, const std::string &what) {
  for (const Json &target : document["targets"]) {
    if (target["what"] == what) return target;
  }
  return nullptr;
}

TEST(Targets, AreMetOrMissedOrNotMeasured) {
  const Json document = SomeDocument();
  EXPECT_EQ(TargetOf(document, "p95 of simple queries")["met"], true);
  EXPECT_EQ(TargetOf(document, "sustained throughput")["met"], false);
  EXPECT_EQ(TargetOf(document, "records for each write")["value"], 99.0);
  EXPECT_TRUE(TargetOf(document, "added latency, p99")["met"].is_null());
}

TEST(Page, IsOneFileWithTheDocumentInIt) {
  const Json document = SomeDocument();
  const std::string page = MakePage(document);
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const std::size_t begin = page.find(open) + open.size();
  const std::size_t end = page.find("</script>", begin);
  EXPECT_EQ(Json::parse(page.substr(begin, end - begin)), document);
  EXPECT_EQ(page.find("/*STYLE*/"), std::string::npos);
  EXPECT_EQ(page.find("<!--SCRIPTS-->"), std::string::npos);
  EXPECT_EQ(page.find(" src="), page.find(" src=\"data:"));
  EXPECT_EQ(page.find("<link"), std::string::npos);
}

void Scale(Json &document, double factor) {
  document["total"]["throughput"] = document["total"]["throughput"].get<double>() / factor;
  for (const char *name : {"avg_ms", "p50_ms", "p95_ms", "p99_ms"}) {
    document["total"][name] = document["total"][name].get<double>() * factor;
  }
}

int Regressions(const Json &before, const Json &after) {
  int regressions = 0;
  for (const Change &change : Compare(before, after, 10)) regressions += change.is_regression;
  return regressions;
}

TEST(Compare, SeesNoRegressionBetweenARunAndItself) {
  EXPECT_EQ(Regressions(SomeDocument(), SomeDocument()), 0);
}

TEST(Compare, SeesARunThatIsSlowerByAFifth) {
  Json slow = SomeDocument();
  Scale(slow, 1.2);
  EXPECT_EQ(Regressions(SomeDocument(), slow), 4);
  EXPECT_EQ(Regressions(slow, SomeDocument()), 0);
}

TEST(Compare, LetsTenPercentPass) {
  Json slower = SomeDocument();
  Scale(slower, 1.09);
  EXPECT_EQ(Regressions(SomeDocument(), slower), 0);
}

TEST(Compare, RefusesRunsThatDidDifferentThings) {
  Json other = SomeDocument();
  other["configuration"]["mix"] = "email";
  EXPECT_THROW(Compare(SomeDocument(), other, 10), Failure);
  EXPECT_THROW(Compare(Json::object(), other, 10), Failure);
  EXPECT_THROW(Compare(SomeDocument(), Json::array(), 10), Failure);
}

}  // namespace
}  // namespace weir::sim

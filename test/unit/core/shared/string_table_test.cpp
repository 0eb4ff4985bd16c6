#include "core/shared/string_table.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

#include "support/shared_block.hpp"

namespace weir::core {
namespace {

using test::SharedBlock;

TEST(StringTable, StartsEmpty) {
  SharedBlock block(StringTable::BytesFor(10));
  StringTable *table = StringTable::Create(block.memory(), 10);
  EXPECT_EQ(table->size(), 0u);
  EXPECT_EQ(table->capacity(), 10u);
  for (NameId id = 0; id <= 10; ++id) EXPECT_EQ(table->Get(id), "");
}

TEST(StringTable, GivesTheSameStringTheSameId) {
  SharedBlock block(StringTable::BytesFor(10));
  StringTable *table = StringTable::Create(block.memory(), 10);
  const NameId a = table->Intern("acme");
  const NameId b = table->Intern("globex");
  EXPECT_NE(a, 0u);
  EXPECT_NE(b, 0u);
  EXPECT_NE(a, b);
  EXPECT_EQ(table->Intern("acme"), a);
  EXPECT_EQ(table->Intern("globex"), b);
  EXPECT_EQ(table->Get(a), "acme");
  EXPECT_EQ(table->Get(b), "globex");
  EXPECT_EQ(table->size(), 2u);
}

TEST(StringTable, RefusesEmptyAndTooLongStrings) {
  SharedBlock block(StringTable::BytesFor(10));
  StringTable *table = StringTable::Create(block.memory(), 10);
  EXPECT_EQ(table->Intern(""), 0u);
  EXPECT_EQ(table->Intern({}), 0u);
  EXPECT_EQ(table->Intern(std::string(64, 'x')), 0u);
  EXPECT_EQ(table->size(), 0u);
  const std::string longest(63, 'x');
  EXPECT_EQ(table->Get(table->Intern(longest)), longest);
}

TEST(StringTable, TellsPrefixesAndEmbeddedZerosApart) {
  SharedBlock block(StringTable::BytesFor(200));
  StringTable *table = StringTable::Create(block.memory(), 200);
  std::set<NameId> ids;
  for (std::size_t length = 1; length <= 63; ++length) {
    for (const char byte : {'\0', 'a'}) {
      const std::string text(length, byte);
      const NameId id = table->Intern(text);
      EXPECT_EQ(table->Get(id), text);
      ids.insert(id);
    }
  }
  EXPECT_EQ(ids.size(), 126u);
}

TEST(StringTable, UnknownIdsAreEmpty) {
  SharedBlock block(StringTable::BytesFor(3));
  StringTable *table = StringTable::Create(block.memory(), 3);
  table->Intern("one");
  EXPECT_EQ(table->Get(2), "");
  EXPECT_EQ(table->Get(4), "");
  EXPECT_EQ(table->Get(UINT32_MAX), "");
}

// Every capacity is met exactly, and what is in a full table is still found.
class StringTableOf : public testing::TestWithParam<std::uint32_t> {};

TEST_P(StringTableOf, HoldsItsCapacityExactly) {
  const std::uint32_t capacity = GetParam();
  SharedBlock block(StringTable::BytesFor(capacity));
  StringTable *table = StringTable::Create(block.memory(), capacity);
  std::set<NameId> ids;
  for (std::uint32_t i = 0; i < capacity; ++i) ids.insert(table->Intern(std::to_string(i)));
  EXPECT_EQ(ids.size(), capacity);
  EXPECT_EQ(*ids.begin(), 1u);
  EXPECT_EQ(*ids.rbegin(), capacity);

  EXPECT_EQ(table->Intern("one too many"), 0u);
  EXPECT_EQ(table->Intern("one too many"), 0u);
  EXPECT_EQ(table->size(), capacity);
  for (std::uint32_t i = 0; i < capacity; ++i) {
    EXPECT_EQ(table->Get(table->Intern(std::to_string(i))), std::to_string(i));
  }
}

INSTANTIATE_TEST_SUITE_P(Capacities, StringTableOf, testing::Values(1, 2, 3, 7, 64, 1000, 4097));

TEST(StringTable, IsTheSameAtAnotherAddress) {
  test::TwiceMapped memory(StringTable::BytesFor(100));
  StringTable *one = StringTable::Create(memory.first(), 100);
  auto *other = memory.Second<StringTable>();
  for (int i = 0; i < 100; ++i) {
    const std::string text = "name " + std::to_string(i);
    const NameId id = one->Intern(text);
    EXPECT_EQ(other->Get(id), text);
    EXPECT_EQ(other->Intern(text), id);
  }
}

}  // namespace
}  // namespace weir::core

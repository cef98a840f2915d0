// Contract: names that differ in one number are the blocks of a family, ordered by that number.
// Oracle: names as PyTorch, Keras and Transformers write them, grouped by hand.
#include "monitor/metrics/blocks.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace gradvitals::test {
namespace {

using NameViews = std::vector<std::string_view>;

/// The blocks of a family, by name, in order.
std::vector<std::string> block_names(const BlockFamily& family) {
  std::vector<std::string> names;
  for (const auto& [number, members] : family.blocks) names.push_back(family.name_of(number));
  return names;
}

TEST(BlockFamilies, AreOrderedByNumberNotByText) {
  const NameViews names{"blocks.10.weight", "blocks.2.weight", "blocks.1.weight"};
  const std::vector<BlockFamily> families = block_families(names);
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].prefix, "blocks.");
  EXPECT_EQ(block_names(families[0]),
            (std::vector<std::string>{"blocks.1", "blocks.2", "blocks.10"}));
  EXPECT_FALSE(families[0].first_is_unnumbered);
}

TEST(BlockFamilies, KnowWhichTensorsABlockHolds) {
  const NameViews names{"h.0.a", "head.weight", "h.1.a", "h.0.b"};
  const std::vector<BlockFamily> families = block_families(names);
  ASSERT_EQ(families.size(), 1U);
  const std::vector<BlockFamily::Member>& first = families[0].blocks.at(0);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].index, 0U);
  EXPECT_EQ(first[0].suffix, ".a");
  EXPECT_EQ(first[1].index, 3U);
  EXPECT_EQ(first[1].suffix, ".b");
}

TEST(BlockFamilies, TakeKerasUnnumberedNameForTheFirst) {
  const NameViews names{"dense_1/kernel", "dense/kernel", "dense_2/kernel"};
  const std::vector<BlockFamily> families = block_families(names);
  ASSERT_EQ(families.size(), 1U);
  EXPECT_TRUE(families[0].first_is_unnumbered);
  EXPECT_EQ(block_names(families[0]), (std::vector<std::string>{"dense", "dense_1", "dense_2"}));
  EXPECT_EQ(families[0].blocks.at(0).front().index, 1U);
}

TEST(BlockFamilies, CloseTheBracketsAndQuotesAroundTheNumber) {
  const NameViews flax{"['params']['Dense_0']['kernel']", "['params']['Dense_1']['kernel']"};
  EXPECT_EQ(block_names(block_families(flax).front()),
            (std::vector<std::string>{"['params']['Dense_0']", "['params']['Dense_1']"}));
  const NameViews equinox{".layers[0].weight", ".layers[1].weight"};
  EXPECT_EQ(block_names(block_families(equinox).front()),
            (std::vector<std::string>{".layers[0]", ".layers[1]"}));
}

TEST(BlockFamilies, LeaveAnUnnumberedNameOutThatIsNoneOfThem) {
  const NameViews unlike{"dense/table", "dense_1/kernel", "dense_2/kernel"};
  EXPECT_FALSE(block_families(unlike).front().first_is_unnumbered) << "another kind of tensor";
  const NameViews taken{"dense/kernel", "dense_0/kernel", "dense_1/kernel"};
  EXPECT_FALSE(block_families(taken).front().first_is_unnumbered) << "0 is there";
}

TEST(BlockFamilies, StandWithTheMostBlocksFirst) {
  const NameViews names{"a.0.w", "a.1.w", "b.0.w", "b.1.w", "b.2.w"};
  const std::vector<BlockFamily> families = block_families(names);
  ASSERT_EQ(families.size(), 2U);
  EXPECT_EQ(families[0].prefix, "b.");
  EXPECT_EQ(families[1].prefix, "a.");
}

TEST(BlockFamilies, NeedTwoBlocks) {
  EXPECT_TRUE(block_families(NameViews{}).empty());
  EXPECT_TRUE(block_families(NameViews{"fc1.weight", "fc1.bias", "head.weight"}).empty());
}

TEST(BlockFamilies, PassOverANumberThatNoIntegerHolds) {
  const NameViews names{"w99999999999999999999.a", "w1.a", "w2.a"};
  const std::vector<BlockFamily> families = block_families(names);
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(block_names(families[0]), (std::vector<std::string>{"w1", "w2"}));
}

}  // namespace
}  // namespace gradvitals::test

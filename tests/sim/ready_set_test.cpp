// Contract: kernels/sim/ready_set.h. Oracle: a search one by one.
#include "kernels/sim/ready_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace gradvitals::sim {
namespace {

std::uint32_t next_after(const std::set<std::uint32_t>& members, std::uint32_t position) {
  if (members.empty()) return ReadySet::kNone;
  const auto next = members.upper_bound(position);
  return next != members.end() ? *next : *members.begin();
}

TEST(SimReadySet, EmptySetHasNoNext) {
  EXPECT_EQ(ReadySet().next_after(0), ReadySet::kNone);
  EXPECT_EQ(ReadySet().next_after(kMaxBlockThreads - 1), ReadySet::kNone);
}

TEST(SimReadySet, FindsTheNextMemberFromEveryPosition) {
  std::mt19937 random(1);
  ReadySet set;
  std::set<std::uint32_t> oracle;
  for (int round = 0; round < 300; ++round) {
    const std::uint32_t position = random() % kMaxBlockThreads;
    if (random() % 3 == 0 && !oracle.empty()) {
      set.erase(*oracle.begin());
      oracle.erase(oracle.begin());
    }
    set.insert(position);
    oracle.insert(position);
    for (std::uint32_t from = 0; from < kMaxBlockThreads; ++from) {
      ASSERT_EQ(set.next_after(from), next_after(oracle, from)) << "after " << from;
    }
  }
}

}  // namespace
}  // namespace gradvitals::sim

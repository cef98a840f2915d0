// Contract: what `gradvitals compare` says holds for every seed, and the program is quick and
// small. Oracle: how the three networks are made. Four sigmoid layers shrink gradients about
// fourfold each, N(0, 2^2) weights make signals grow sixteenfold per layer, Glorot-initialised ReLU
// layers do neither.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/app/run_program.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

constexpr int kSeeds = 300;
// An initialisation is a draw: one in a hundred may be drawn so that another verdict is right.
constexpr int kNearlyAll = 297;
// Many times less than what a person notices, and than any framework needs for its own start.
constexpr std::chrono::milliseconds kStartToEnd{30};
constexpr long kPeakMemoryKib = 60L * 1024;

std::string compare(int seed, const std::string& head) {
  const ProgramResult result =
      run_program({"compare", "--seed", std::to_string(seed), "--head", head, "--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << "seed " << seed << ": " << result.err;
  return result.out;
}

bool has_warning(const json& network) {
  return std::ranges::any_of(network.at("findings"), [](const json& finding) {
    return finding.at("severity") == "warning" || finding.at("severity") == "critical";
  });
}

/// Seeds for which something held, and the ones for which it did not, for the failure message.
struct Tally {
  int count = 0;
  std::string others;

  void add(bool held, int seed) {
    if (held) {
      ++count;
    } else {
      others += " " + std::to_string(seed);
    }
  }
};

class CompareSoak : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Heads, CompareSoak, ::testing::Values("sigmoid", "linear"),
                         [](const auto& head) { return head.param; });

TEST_P(CompareSoak, VerdictsAreRightForEverySeed) {
  Tally vanishing, healthy, quiet, exploding;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const json networks = json::parse(compare(seed, GetParam())).at("networks");
    ASSERT_EQ(networks.size(), 3U);
    vanishing.add(networks[0].at("verdict") == "vanishing", seed);
    healthy.add(networks[1].at("verdict") == "healthy", seed);
    quiet.add(!has_warning(networks[1]), seed);
    exploding.add(networks[2].at("verdict") == "exploding", seed);
  }
  EXPECT_EQ(vanishing.count, kSeeds) << "sigmoid network not vanishing at" << vanishing.others;
  EXPECT_EQ(healthy.count, kSeeds) << "ReLU network not healthy at" << healthy.others;
  EXPECT_GE(quiet.count, kNearlyAll) << "ReLU network with a warning at" << quiet.others;
  EXPECT_GE(exploding.count, kNearlyAll) << "third network not exploding at" << exploding.others;
  std::cout << "of " << kSeeds << " seeds: sigmoid vanishing " << vanishing.count
            << ", ReLU healthy " << healthy.count << " (no warning " << quiet.count
            << "), third exploding " << exploding.count << "\n";
}

TEST_P(CompareSoak, SameSeedGivesTheSameBytes) {
  for (int seed = 0; seed < kSeeds; seed += 10) {
    ASSERT_EQ(compare(seed, GetParam()), compare(seed, GetParam())) << "seed " << seed;
  }
}

TEST(CompareSoak, IsQuickAndSmall) {
  std::vector<std::chrono::duration<double, std::milli>> times;
  for (int run = 0; run < 41; ++run) {
    const auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(run_program({"compare"}).exit_code, 0);
    times.emplace_back(std::chrono::steady_clock::now() - start);
  }
  std::ranges::sort(times);
  const auto median = times[times.size() / 2];
  rusage children{};  // The largest of all children so far, each of which was a compare.
  ASSERT_EQ(getrusage(RUSAGE_CHILDREN, &children), 0);
  EXPECT_LE(median, kStartToEnd);
  EXPECT_LE(children.ru_maxrss, kPeakMemoryKib);
  std::cout << "median " << median.count() << " ms, fastest " << times.front().count()
            << " ms, peak memory " << children.ru_maxrss / 1024 << " MiB\n";
}

}  // namespace
}  // namespace gradvitals::test

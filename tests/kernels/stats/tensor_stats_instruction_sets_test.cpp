// The cpu device's records are the same bits under every instruction set that this CPU has, and
// under each agree with the oracle: the machine that runs the tests would else check one of them
// only.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/stats/cpu/tensor_stats_chunk.h"
#include "tests/support/instruction_sets.h"
#include "tests/support/tensor_stats_oracle.h"

namespace gradvitals::test {
namespace {

class OnlyTarget {
 public:
  explicit OnlyTarget(std::int64_t instruction_set) { dispatch_to(instruction_set); }
  ~OnlyTarget() { dispatch_to(0); }
  OnlyTarget(const OnlyTarget&) = delete;
  OnlyTarget& operator=(const OnlyTarget&) = delete;
};

template <class T>
void expect_same_everywhere(const std::vector<T>& values) {
  const auto record = [&] {
    return cpu::chunk_stats(kDTypeOf<T>, values.data(), std::ssize(values), {});
  };
  const TensorStats best = record();
  for (const std::int64_t target : instruction_sets()) {
    SCOPED_TRACE(::testing::Message() << name(kDTypeOf<T>) << " " << hwy::TargetName(target));
    const OnlyTarget only(target);
    EXPECT_EQ(record(), best);
    expect_stats(record(), oracle(values));
  }
}

template <class T>
void expect_same_for_mixtures() {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  for (const std::size_t size : {1u, 17u, 1000u, 8192u}) {
    std::vector<T> values(size);
    for (T& value : values) value = stored<T>(normal(random));
    expect_same_everywhere(values);
    for (std::size_t i = 0; i < size; i += 3) values[i] = stored<T>(0.0);
    for (std::size_t i = 1; i < size; i += 5) values[i] = stored<T>(smallest_normal<T>() / 2);
    expect_same_everywhere(values);
    values[size / 2] = stored<T>(std::nan(""));
    expect_same_everywhere(values);
  }
}

TEST(TensorStatsInstructionSets, AllGiveTheSameBits) {
  if (instruction_sets().size() < 2) GTEST_SKIP() << "this CPU has one instruction set";
  expect_same_for_mixtures<float>();
  expect_same_for_mixtures<double>();
  expect_same_for_mixtures<Float16>();
  expect_same_for_mixtures<BFloat16>();
}

TEST(TensorStatsInstructionSets, AllReadEveryBitPatternOfTheHalfTypes) {
  const auto check = [](auto type) {
    std::vector<decltype(type)> chunk(8192);
    for (std::size_t first = 0; first < 65536; first += chunk.size()) {
      for (std::size_t i = 0; i < chunk.size(); ++i) {
        chunk[i].bits = static_cast<std::uint16_t>(first + i);
      }
      expect_same_everywhere(chunk);
    }
  };
  check(Float16{});
  check(BFloat16{});
}

}  // namespace
}  // namespace gradvitals::test

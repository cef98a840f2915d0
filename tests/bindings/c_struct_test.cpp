// Contract: structs of the C interface are sized, and what the library does not know or cannot take
// is refused by name, with a status and nothing changed.
// Oracle: gradvitals.h.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>

#include "gradvitals.h"
#include "tests/bindings/c_handle.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

Handle make_handle(const gradvitals_options* options = nullptr) {
  gradvitals_monitor* monitor = nullptr;
  EXPECT_EQ(gradvitals_monitor_create(options, &monitor), GRADVITALS_OK) << gradvitals_last_error();
  return Handle(monitor);
}

constexpr std::array<float, 4> kValues = {0.1F, -0.2F, 0.3F, 0.0F};

gradvitals_tensor good_tensor() {
  gradvitals_tensor tensor = {};
  tensor.size = sizeof tensor;
  tensor.name = "w";
  tensor.data = kValues.data();
  tensor.count = 4;
  tensor.rows = 1;
  tensor.cols = 4;
  tensor.rank = 1;
  return tensor;
}

/// A struct of a caller that is newer than the library.
struct NewerStep {
  gradvitals_step step;
  std::int64_t of_the_future;
};

TEST(CStruct, NamesItsVersion) {
  EXPECT_EQ(gradvitals_abi_version(), GRADVITALS_ABI_VERSION);
  EXPECT_GE(std::strlen(gradvitals_version()), 5U);
}

TEST(CStruct, RefusesASizeThatWasNotSet) {
  gradvitals_options options = {};
  gradvitals_monitor* monitor = nullptr;
  EXPECT_EQ(gradvitals_monitor_create(&options, &monitor), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_TRUE(contains(gradvitals_last_error(), "gradvitals_options.size is 0"));
  EXPECT_EQ(monitor, nullptr);

  const Handle handle = make_handle();
  gradvitals_tensor tensor = good_tensor();
  tensor.size = 0;
  EXPECT_EQ(gradvitals_monitor_watch(handle.get(), &tensor, 1), GRADVITALS_INVALID_ARGUMENT);
  gradvitals_verdict verdict = {};
  EXPECT_NE(gradvitals_monitor_verdict(handle.get(), &verdict), GRADVITALS_OK);
}

TEST(CStruct, RefusesASizeThatNoStructHas) {
  const Handle handle = make_handle();
  for (const std::size_t size : {sizeof(gradvitals_tensor) + 1, std::size_t{1} << 60}) {
    std::array<gradvitals_tensor, 3> tensors = {good_tensor(), good_tensor(), good_tensor()};
    for (gradvitals_tensor& tensor : tensors) tensor.size = size;
    EXPECT_EQ(gradvitals_monitor_watch(handle.get(), tensors.data(), 2),
              GRADVITALS_INVALID_ARGUMENT);
    EXPECT_TRUE(contains(gradvitals_last_error(), "gradvitals_tensor.size is"));
  }
  // One alone: it must not be believed.
  std::array<gradvitals_tensor, 2> tensors = {good_tensor(), good_tensor()};
  tensors[1].size = std::size_t{1} << 60;
  EXPECT_EQ(gradvitals_monitor_watch(handle.get(), tensors.data(), 2), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_TRUE(contains(gradvitals_last_error(), "of tensor 1"));
}

TEST(CStruct, RefusesReservedMembersThatAreNotZero) {
  const Handle handle = make_handle();
  gradvitals_tensor tensor = good_tensor();
  tensor.reserved = 1;
  EXPECT_EQ(gradvitals_monitor_watch(handle.get(), &tensor, 1), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_TRUE(contains(gradvitals_last_error(), "gradvitals_tensor.reserved"));
}

TEST(CStruct, NamesTheTensorWithANumberThatCountsNothing) {
  const Handle handle = make_handle();
  gradvitals_tensor tensor = good_tensor();
  tensor.layer = std::numeric_limits<std::int32_t>::min();
  EXPECT_EQ(gradvitals_monitor_watch(handle.get(), &tensor, 1), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_TRUE(contains(gradvitals_last_error(), "tensor w: its layer is -2147483648"));
  for (const auto member : {&gradvitals_tensor::count, &gradvitals_tensor::rows,
                            &gradvitals_tensor::cols, &gradvitals_tensor::channels}) {
    tensor = good_tensor();
    tensor.*member = -4;
    EXPECT_EQ(gradvitals_monitor_watch(handle.get(), &tensor, 1), GRADVITALS_INVALID_ARGUMENT);
  }
  tensor = good_tensor();
  tensor.rank = -1;
  EXPECT_EQ(gradvitals_monitor_watch(handle.get(), &tensor, 1), GRADVITALS_INVALID_ARGUMENT);
}

TEST(CStruct, HasNoMemoryForMoreTensorsThanThereCanBe) {
  const Handle handle = make_handle();
  const gradvitals_tensor tensor = good_tensor();
  EXPECT_EQ(
      gradvitals_monitor_watch(handle.get(), &tensor, std::numeric_limits<std::int64_t>::max()),
      GRADVITALS_OUT_OF_MEMORY);
}

TEST(CStruct, OfANewerCallerIsTakenWhereWhatItHasMoreIsZero) {
  const Handle handle = make_handle();
  const gradvitals_tensor tensor = good_tensor();
  ASSERT_EQ(gradvitals_monitor_watch(handle.get(), &tensor, 1), GRADVITALS_OK);
  NewerStep step = {};
  step.step.size = sizeof step;
  ASSERT_EQ(gradvitals_monitor_observe(handle.get()), GRADVITALS_OK);
  EXPECT_EQ(gradvitals_monitor_commit(handle.get(), &step.step), GRADVITALS_OK);
  step.of_the_future = 1;
  ASSERT_EQ(gradvitals_monitor_observe(handle.get()), GRADVITALS_OK);
  EXPECT_EQ(gradvitals_monitor_commit(handle.get(), &step.step), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_TRUE(contains(gradvitals_last_error(), "gradvitals_step has members that this version"));
  std::int64_t steps = 0;
  EXPECT_EQ(gradvitals_monitor_steps(handle.get(), &steps), GRADVITALS_OK);
  EXPECT_EQ(steps, 1);
}

TEST(CStruct, NamesTheTensorWhoseNumberIsOfNoEnum) {
  struct Case {
    std::int32_t gradvitals_tensor::*member;
    const char* words;
  };
  const Handle handle = make_handle();
  for (const Case& bad : {Case{&gradvitals_tensor::role, "gradvitals_role"},
                          Case{&gradvitals_tensor::dtype, "gradvitals_dtype"},
                          Case{&gradvitals_tensor::activation, "gradvitals_activation"},
                          Case{&gradvitals_tensor::unit_axis, "gradvitals_unit_axis"},
                          Case{&gradvitals_tensor::device, "gradvitals_device"}}) {
    for (const std::int32_t number : {-1, 99}) {
      gradvitals_tensor tensor = good_tensor();
      tensor.*bad.member = number;
      EXPECT_EQ(gradvitals_monitor_watch(handle.get(), &tensor, 1), GRADVITALS_INVALID_ARGUMENT);
      EXPECT_TRUE(contains(gradvitals_last_error(), bad.words)) << gradvitals_last_error();
      EXPECT_TRUE(contains(gradvitals_last_error(), "tensor w")) << gradvitals_last_error();
    }
  }
}

TEST(CStruct, RefusesNullPointers) {
  const Handle handle = make_handle();
  EXPECT_EQ(gradvitals_monitor_create(nullptr, nullptr), GRADVITALS_INVALID_ARGUMENT);
  const TemporaryFolder folder;
  const std::string path = folder.file("run.jsonl");
  gradvitals_options options = {};
  options.size = sizeof options;
  options.history = path.c_str();
  EXPECT_EQ(gradvitals_monitor_create(&options, nullptr), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_FALSE(std::filesystem::exists(path)) << "nothing has changed";
  EXPECT_EQ(gradvitals_monitor_observe(nullptr), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_EQ(gradvitals_monitor_watch(nullptr, nullptr, 0), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_EQ(gradvitals_monitor_watch(handle.get(), nullptr, 1), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_EQ(gradvitals_monitor_set_data(handle.get(), nullptr, 1), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_EQ(gradvitals_monitor_set_data(handle.get(), nullptr, -1), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_EQ(gradvitals_monitor_stats(handle.get(), nullptr, 1), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_EQ(gradvitals_monitor_steps(handle.get(), nullptr), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_EQ(gradvitals_monitor_next_event(handle.get(), nullptr), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_EQ(gradvitals_monitor_diagnosis(handle.get(), GRADVITALS_TEXT, nullptr, nullptr),
            GRADVITALS_INVALID_ARGUMENT);
  EXPECT_EQ(gradvitals_interpret_gradient_health(nullptr, nullptr), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_FALSE(gradvitals_l2_norm(nullptr) >= 0.0);
  gradvitals_monitor_destroy(nullptr);
}

TEST(CStruct, SaysWhichCallHasToComeBefore) {
  const Handle handle = make_handle();
  EXPECT_EQ(gradvitals_monitor_observe(handle.get()), GRADVITALS_WRONG_ORDER);
  EXPECT_EQ(gradvitals_monitor_commit(handle.get(), nullptr), GRADVITALS_WRONG_ORDER);
  gradvitals_finding finding = {};
  finding.size = sizeof finding;
  EXPECT_EQ(gradvitals_monitor_finding(handle.get(), 0, &finding), GRADVITALS_WRONG_ORDER);
  const char* text = nullptr;
  EXPECT_EQ(gradvitals_monitor_diagnosis(handle.get(), GRADVITALS_TEXT, nullptr, &text),
            GRADVITALS_WRONG_ORDER);
}

TEST(CStruct, RefusesThresholdsThatAreNone) {
  gradvitals_options options = {};
  options.size = sizeof options;
  options.thresholds = R"({"no_such_limit": 1})";
  gradvitals_monitor* monitor = nullptr;
  EXPECT_EQ(gradvitals_monitor_create(&options, &monitor), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_TRUE(contains(gradvitals_last_error(), "no_such_limit"));
}

TEST(CStruct, NamesTheFileThatCannotBeWritten) {
  gradvitals_options options = {};
  options.size = sizeof options;
  options.history = "/no/such/folder/run.jsonl";
  gradvitals_monitor* monitor = nullptr;
  EXPECT_EQ(gradvitals_monitor_create(&options, &monitor), GRADVITALS_FILE_ERROR);
  EXPECT_TRUE(contains(gradvitals_last_error(), "/no/such/folder/run.jsonl"));
  EXPECT_EQ(monitor, nullptr);
}

}  // namespace
}  // namespace gradvitals::test

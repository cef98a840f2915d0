// Contract: a training under watch takes no more memory in its last step than soon after its start,
//           with everything that remembers steps: tracker, history, flight recorder, the run in memory.
// Oracle:   the resident memory of the process, as the kernel counts it.
// As many steps as the build says: few among the tests, a million among the long ones.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>

#include "monitor/history/bounded_history.h"
#include "monitor/history/history_writer.h"
#include "tests/support/temporary_folder.h"
#include "tests/training/training_fixtures.h"
#include "training/flight_recorder.h"
#include "training/model_spec.h"

namespace gradvitals::test {
namespace {

constexpr std::int64_t kWatchedSteps = GRADVITALS_WATCHED_STEPS;
constexpr std::int64_t kWarmUpSteps = kWatchedSteps / 10;
constexpr double kMostGrowth = 1.05;
/// Steps from one spoilt batch to the next: events come all the time, and more than are kept.
constexpr std::int64_t kStepsOfAFault = 97;

/// Of this process, in bytes.
std::int64_t resident_bytes() {
  std::int64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

/// Spoils a batch now and then, records every step, and looks at the memory.
class RemembersAll : public TrainingObserver {
 public:
  void on_batch(std::int64_t step, std::span<float> x, std::span<float> /*y*/) override {
    if (step % kStepsOfAFault != kStepsOfAFault - 1) return;
    for (float& value : x) value *= 50.0F;
  }

  void on_step(const TrainingStep& step) override {
    history_.add(*step.metrics, step.context);
    bounded_.add({.metrics = *step.metrics, .context = step.context});
    for (const HealthEvent& event : step.events) {
      history_.add(event);
      bounded_.add_incident(event);
      ++events;
    }
    constexpr std::int64_t kStepsOfALook = 1000;
    if (step.step == kWarmUpSteps) early_bytes = resident_bytes();
    if (step.step > kWarmUpSteps && step.step % kStepsOfALook == 0) {
      most_bytes = std::max(most_bytes, resident_bytes());
    }
  }

  std::int64_t lost_rows() const { return history_.status().lost_rows; }

  std::int64_t events = 0;
  std::int64_t early_bytes = 0;
  std::int64_t most_bytes = 0;

 private:
  HistoryWriter history_{"/dev/null"};
  BoundedHistory bounded_;
};

TEST(SteadyMemory, OfAWatchedTrainingDoesNotGrowWithItsSteps) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps memory that was freed";
#endif
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const TrainingData data = ring_data();
  Sequential model = build_model(stream, parse_model_spec("2-4-relu-3"), {.seed = 1});
  Trainer trainer(stream, model, data,
                  {.loss = LossKind::kSoftmaxCrossEntropy,
                   .optimizer = {.kind = OptimizerKind::kAdam},
                   .learning_rate = {.base = 1e-4},
                   .batch = 8,
                   .steps = kWatchedSteps});
  const TemporaryFolder folder;
  FlightRecorder recorder({.folder = folder.file("incidents")});
  RemembersAll observer;
  trainer.add_observer(recorder);
  trainer.add_observer(observer);
  const auto start = std::chrono::steady_clock::now();
  trainer.run();
  const std::chrono::duration<double, std::micro> elapsed =
      std::chrono::steady_clock::now() - start;

  EXPECT_EQ(trainer.step(), kWatchedSteps);
  EXPECT_EQ(observer.lost_rows(), 0);
  EXPECT_GT(observer.events, kWatchedSteps / kStepsOfAFault);
  ASSERT_GT(observer.early_bytes, 0);
  EXPECT_LE(static_cast<double>(observer.most_bytes),
            kMostGrowth * static_cast<double>(observer.early_bytes));
  std::cout << fmt::format(
      "{} steps, {} events, {:.1f} us a step; {:.2f} MB after a tenth, then {:.2f} MB at most\n",
      kWatchedSteps, observer.events, elapsed.count() / static_cast<double>(kWatchedSteps),
      static_cast<double>(observer.early_bytes) * 1e-6,
      static_cast<double>(observer.most_bytes) * 1e-6);
}

}  // namespace
}  // namespace gradvitals::test

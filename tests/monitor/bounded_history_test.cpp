// Contract: BoundedHistory keeps recent steps whole, older ones as ranges, incidents whole, in memory
// that does not grow. Oracle: the steps that were added; what operator new was asked for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "monitor/history/bounded_history.h"
#include "tests/monitor/counted_memory.h"
#include "tests/monitor/history_fixtures.h"

namespace gradvitals::test {
namespace {

HistoryStep step_with_loss(std::int64_t step, double loss) {
  HistoryStep result;
  result.metrics = metrics_from_norms({3.0, 4.0});
  result.metrics.step = step;
  result.metrics.loss = loss;
  result.context.learning_rate = 0.1;
  return result;
}

TEST(BoundedHistory, KeepsAShortRunWhole) {
  BoundedHistory history;
  for (int step = 0; step < 10; ++step) history.add(step_with_loss(step, step));
  ASSERT_EQ(history.recent().size(), 10U);
  ASSERT_EQ(history.intervals().size(), 10U);
  EXPECT_EQ(history.intervals()[3].loss.last, 3.0);
  EXPECT_EQ(history.intervals()[3].global_norm.max, 5.0);
  EXPECT_EQ(history.intervals()[3].learning_rate.min, 0.1);
}

TEST(BoundedHistory, EveryExtremeOfALongRunStaysInItsInterval) {
  BoundedHistory history({.recent = 4, .intervals = 8, .incidents = 2, .incident_steps = 2});
  const auto loss_of = [](std::int64_t step) {
    if (step == 500) return 1e9;
    if (step == 501) return -1e9;
    if (step == 502) return kNaN;
    return static_cast<double>(step);
  };
  constexpr std::int64_t kSteps = 1003;
  for (std::int64_t step = 0; step < kSteps; ++step) {
    history.add(step_with_loss(step, loss_of(step)));
  }
  EXPECT_LE(history.intervals().size(), 8U);
  EXPECT_GE(history.intervals().size(), 4U);
  std::int64_t next = 0;
  for (const HistoryInterval& interval : history.intervals()) {
    EXPECT_EQ(interval.first_step, next);
    EXPECT_EQ(interval.steps, interval.last_step - interval.first_step + 1);
    std::vector<double> losses;
    for (std::int64_t step = interval.first_step; step <= interval.last_step; ++step) {
      if (std::isfinite(loss_of(step))) losses.push_back(loss_of(step));
    }
    EXPECT_EQ(interval.loss.min, *std::ranges::min_element(losses));
    EXPECT_EQ(interval.loss.max, *std::ranges::max_element(losses));
    EXPECT_EQ(interval.loss.last, losses.back());
    EXPECT_EQ(interval.loss.count + interval.loss.nonfinite_count, interval.steps);
    next = interval.last_step + 1;
  }
  EXPECT_EQ(next, kSteps);
  EXPECT_EQ(history.recent().front().metrics.step, kSteps - 4);
}

TEST(BoundedHistory, KeepsIncidentsWithTheStepsBeforeThem) {
  BoundedHistory history({.recent = 8, .intervals = 8, .incidents = 4, .incident_steps = 3});
  for (std::int64_t step = 0; step < 100; ++step) {
    history.add(step_with_loss(step, 1.0));
    HealthEvent event;
    event.step = step;
    if (step % 10 == 9) history.add_incident(event);
  }
  // Of ten the first two and the last two.
  std::vector<std::int64_t> steps;
  for (const Incident& incident : history.incidents()) {
    steps.push_back(incident.event.step);
    ASSERT_EQ(incident.steps.size(), 3U);
    EXPECT_EQ(incident.steps.back().metrics.step, incident.event.step);
    EXPECT_EQ(incident.steps.front().metrics.step, incident.event.step - 2);
  }
  EXPECT_EQ(steps, (std::vector<std::int64_t>{9, 19, 89, 99}));
  EXPECT_EQ(history.forgotten_incidents(), 6);
}

TEST(BoundedHistory, OptionsThatHoldNothingAreRefused) {
  EXPECT_THROW(BoundedHistory({.recent = 0}), std::invalid_argument);
  EXPECT_THROW(BoundedHistory({.intervals = 3}), std::invalid_argument);
  EXPECT_THROW(BoundedHistory({.incidents = 1}), std::invalid_argument);
}

TEST(BoundedHistory, MemoryIsFlatOverAMillionSteps) {
  BoundedHistory history;
  const std::int64_t at_start = live_bytes();
  std::int64_t after_tenth = 0;
  constexpr std::int64_t kSteps = 1'000'000;
  const HealthMetrics metrics = metrics_from_norms({3.0, 4.0});
  for (std::int64_t step = 0; step < kSteps; ++step) {
    HistoryStep added{.metrics = metrics, .context = {}};
    added.metrics.step = step;
    added.metrics.loss = 1.0;
    history.add(std::move(added));
    if (step % 1000 == 0) history.add_incident({});
    if (step == kSteps / 10) after_tenth = live_bytes() - at_start;
  }
  EXPECT_GT(after_tenth, 0);
  EXPECT_LE(static_cast<double>(live_bytes() - at_start), 1.05 * static_cast<double>(after_tenth));
  EXPECT_EQ(history.steps(), kSteps);
}

}  // namespace
}  // namespace gradvitals::test

// TimeLeft: how long a run still takes, by how fast it has gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace gradvitals::app {

class TimeLeft {
 public:
  using Clock = std::chrono::steady_clock;

  /// After so many of all steps; the first call is the start. None within the first second, and at
  /// the end.
  std::optional<std::chrono::seconds> estimate(std::int64_t step, std::int64_t steps,
                                               Clock::time_point now) {
    using namespace std::chrono_literals;
    if (!start_) {
      start_ = now;
      first_step_ = step;
    }
    const std::int64_t made = step - first_step_;
    const std::chrono::duration<double> elapsed = now - *start_;
    if (made <= 0 || elapsed < 1s || step >= steps) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::seconds>(
        elapsed * (static_cast<double>(steps - step) / static_cast<double>(made)));
  }

 private:
  std::optional<Clock::time_point> start_;
  std::int64_t first_step_ = 0;
};

}  // namespace gradvitals::app

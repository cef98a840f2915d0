#include "monitor/report/html/run_data.h"

#include <utility>

namespace gradvitals {
namespace {

/// {"min", "max", "bad"}, a value for each interval; null where the signal is not known at all.
Json signal_json(std::span<const HistoryInterval> intervals, SignalRange HistoryInterval::*signal) {
  Json low = Json::array();
  Json high = Json::array();
  Json bad = Json::array();
  bool is_known = false;
  for (const HistoryInterval& interval : intervals) {
    const SignalRange& range = interval.*signal;
    is_known |= range.count > 0 || range.nonfinite_count > 0;
    low.push_back(range.count > 0 ? page_number(range.min) : Json());
    high.push_back(range.count > 0 ? page_number(range.max) : Json());
    bad.push_back(range.nonfinite_count);
  }
  if (!is_known) return {};
  return {{"min", std::move(low)}, {"max", std::move(high)}, {"bad", std::move(bad)}};
}

}  // namespace

Json curves_json(std::string_view name, std::string_view letter,
                 std::span<const HistoryInterval> intervals) {
  Json first = Json::array();
  Json last = Json::array();
  for (const HistoryInterval& interval : intervals) {
    first.push_back(interval.first_step);
    last.push_back(interval.last_step);
  }
  return {{"name", page_text(name)},
          {"letter", letter},
          {"first", std::move(first)},
          {"last", std::move(last)},
          {"loss", signal_json(intervals, &HistoryInterval::loss)},
          {"norm", signal_json(intervals, &HistoryInterval::global_norm)},
          {"rate", signal_json(intervals, &HistoryInterval::learning_rate)},
          {"tensors", Json::array()},
          {"marks", Json::array()}};
}

std::string run_letter(std::size_t place, std::size_t count) {
  constexpr std::size_t kLetters = 26;
  if (count < 2) return "";
  return std::string(1, static_cast<char>('A' + static_cast<int>(place % kLetters)));
}

}  // namespace gradvitals

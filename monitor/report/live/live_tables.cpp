// Vital signs, gradients and events of a live view.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "kernels/runtime/utf8.h"
#include "monitor/report/live/live_section.h"
#include "monitor/report/shortened_names.h"
#include "monitor/report/sparkline.h"
#include "monitor/report/vital_signs_text.h"

namespace gradvitals {
namespace {

Ink ink_of_status(VitalStatus status) {
  if (status == VitalStatus::kNormal) return Ink::kGood;
  return status == VitalStatus::kUnknown ? Ink::kFaint : Ink::kWarning;
}

/// Where the columns of the table of gradients begin.
struct TensorColumns {
  TensorColumns(const LiveCanvas& canvas, int widest_name) {
    const int columns = canvas.size.columns;
    constexpr int kGap = 2;
    // The title of the table stands above the names.
    const int shortest = !canvas.is_wide() ? 13 : 24;
    name = std::clamp(widest_name, shortest, std::max(columns * 2 / 5, shortest));
    norm = name + kGap;
    const bool has_ratio = columns >= norm + 10 + 10 + 9;
    to_weight = has_ratio ? norm + 10 : 0;
    count = norm + (has_ratio ? 20 : 10);
    course = count + 11;
  }

  int name;
  int norm;
  int to_weight;  ///< 0 where there is no room for it.
  int count;
  int course;
};

/// Names as short as tells them apart, in the characters of the style.
std::vector<std::string> names_on_screen(std::span<const LiveTensor> tensors, int columns,
                                         TextStyle style) {
  constexpr std::string_view kMark = "…";
  std::vector<std::string> names;
  for (const LiveTensor& tensor : tensors) names.push_back(tensor.name);
  names = shortened_names(std::move(names), std::max(columns, 1));
  for (std::string& shown : names) {
    for (std::size_t at = shown.find(kMark); style.ascii && at != std::string::npos;
         at = shown.find(kMark)) {
      shown.replace(at, kMark.size(), "..");
    }
    shown = screen_text(shown, style);
  }
  return names;
}

std::string tensor_line(const LiveTensor& tensor, std::string_view shown,
                        const TensorColumns& columns, const LiveCanvas& canvas) {
  const bool is_bad = !tensor.exists || (tensor.norm.last && !std::isfinite(*tensor.norm.last));
  const Ink name_ink = tensor.is_named ? Ink::kWarning : Ink::kPlain;
  ScreenLine text = canvas.line();
  text.add(cut_from_middle(shown, std::min(columns.name, text.room()), canvas.style),
           is_bad ? Ink::kCritical : name_ink);
  text.go_to(columns.norm);
  if (!tensor.exists) return text.add("no gradient", Ink::kCritical).text();
  text.add(live_number(tensor.norm.last), is_bad ? Ink::kCritical : Ink::kStrong);
  if (columns.to_weight > 0) text.go_to(columns.to_weight).add(live_number(tensor.to_weight));
  text.go_to(columns.count);
  if (tensor.nonfinite > 0) {
    text.add(fmt::to_string(tensor.nonfinite), Ink::kCritical);
  } else {
    text.add(is_bad ? "-" : "0", Ink::kFaint);
  }
  constexpr int kShortestCourse = 4;
  if (tensor.norm.course.size() < 2 || columns.course + kShortestCourse > canvas.size.columns) {
    return text.text();
  }
  text.go_to(columns.course);
  SparkRange range;
  widen(range, tensor.norm.course);
  if (std::ranges::all_of(tensor.norm.course, [](double value) { return value == 0.0; })) {
    return text.add("zero", Ink::kFaint).text();
  }
  text.add(sparkline(squeezed_course(tensor.norm.course, text.room()), range, canvas.style),
           Ink::kNotice);
  return text.text();
}

}  // namespace

LiveSection signs_section(const LiveState& state, const LiveCanvas& canvas) {
  constexpr int kValueColumn = kLiveLabelWidth;
  constexpr int kStatusColumn = kValueColumn + 10;
  constexpr int kRangeColumn = kStatusColumn + 9;
  LiveSection section{.title = canvas.line().add("Vital signs", Ink::kStrong).text(), .lines = {}};
  if (state.judged_steps == 0) return section;
  for (const VitalLine& sign : deciding_lines(state.signs, state.thresholds)) {
    const VitalStatus status = sign.status.value_or(VitalStatus::kUnknown);
    const bool is_abnormal = status == VitalStatus::kLow || status == VitalStatus::kHigh;
    ScreenLine text = canvas.line();
    text.add(sign.sign).go_to(kValueColumn).add(live_number(sign.value), Ink::kStrong);
    text.go_to(kStatusColumn).add(name(status), ink_of_status(status));
    text.go_to(kRangeColumn);
    std::string what(sign.reading);
    if (!sign.normal.empty()) what += ", " + sign.normal;
    if (display_width(what) > text.room()) what = sign.normal;
    if (display_width(what) <= text.room()) text.add(what, Ink::kFaint);
    section.lines.push_back({text.text(), is_abnormal ? 14 : 18});
  }
  return section;
}

LiveSection gradients_section(const LiveState& state, const LiveCanvas& canvas) {
  LiveSection section;
  if (state.tensors.empty()) return section;
  const std::size_t count =
      std::min(state.tensors.size(), static_cast<std::size_t>(canvas.size.rows));
  const auto shown = std::span(state.tensors).first(count);
  const std::vector<std::string> names =
      names_on_screen(shown, canvas.size.columns * 2 / 5, canvas.style);
  int widest = 0;
  for (const std::string& tensor : names) widest = std::max(widest, display_width(tensor));
  const TensorColumns columns(canvas, widest);
  ScreenLine header = canvas.line();
  header.add(canvas.is_wide() ? "Worst gradients" : "Worst", Ink::kStrong);
  header.add(fmt::format(" of {}", state.gradients), Ink::kFaint);
  header.go_to(columns.norm).add("norm", Ink::kFaint);
  if (columns.to_weight > 0) header.go_to(columns.to_weight).add("/ weight", Ink::kFaint);
  header.go_to(columns.count).add("NaN+Inf", Ink::kFaint);
  constexpr int kCourseTitle = 12;
  if (columns.course + kCourseTitle <= canvas.size.columns) {
    header.go_to(columns.course).add("over the run", Ink::kFaint);
  }
  section.title = header.text();
  for (std::size_t i = 0; i < count; ++i) {
    const int rank = 12 + static_cast<int>(i) * 4;
    section.lines.push_back({tensor_line(shown[i], names[i], columns, canvas),
                             rank < 36 ? rank : kSpareRank + static_cast<int>(i)});
  }
  return section;
}

LiveSection events_section(const LiveState& state, const LiveCanvas& canvas) {
  LiveSection section{.title = canvas.line().add("Events", Ink::kStrong).text(), .lines = {}};
  int worse_since = 0;  // Events behind it that are no less than warnings.
  std::vector<RankedLine> latest_first;
  for (auto event = state.events.rbegin(); event != state.events.rend(); ++event) {
    const Finding& finding = event->episode.finding;
    const bool is_end = event->kind == HealthEventKind::kEnded;
    const Ink ink = is_end ? Ink::kGood : ink_of(finding.severity);
    ScreenLine text = canvas.line();
    text.add(fmt::format("step {}", event->step)).go_to(13).add(name(finding.severity), ink);
    text.go_to(22).add(fmt::format("{} {}", rule_number(finding.rule), name(event->kind)), ink);
    text.go_to(35).add(finding.text, Ink::kFaint);
    const auto age = static_cast<int>(latest_first.size());
    int rank = kSpareRank + age;
    if (finding.severity >= Severity::kWarning && worse_since < 4) rank = 16 + 5 * worse_since++;
    latest_first.push_back({text.text(), rank});
  }
  section.lines.assign(latest_first.rbegin(), latest_first.rend());
  return section;
}

}  // namespace gradvitals

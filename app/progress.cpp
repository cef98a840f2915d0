#include "app/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/report/number_text.h"

namespace gradvitals::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kInPlaceInterval = 100ms;
constexpr auto kLineInterval = 5s;
/// Epochs of a small training take milliseconds.
constexpr auto kEpochInterval = 1s;

constexpr std::string_view kClearToEnd = "\x1b[K";
constexpr int kUsualWidth = 80;
constexpr int kNarrowestBar = 10;
constexpr int kWidestBar = 30;

std::string_view color_of_health(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "\x1b[32m";
    case Severity::kInfo:
      return "\x1b[36m";
    case Severity::kWarning:
      return "\x1b[33m";
    case Severity::kCritical:
      return "\x1b[1;31m";
  }
  return "";
}

std::string health_words(const ProgressReport& report) {
  if (report.severity < Severity::kWarning) return std::string(name(report.verdict));
  return fmt::format("{} ({})", name(report.verdict), name(report.severity));
}

std::string score_words(const ProgressReport& report) {
  return fmt::format("{} {}", report.score_name, score_text(report.score_name, *report.score));
}

std::string duration_words(std::chrono::seconds left) {
  const std::int64_t seconds = left.count();
  if (seconds < 100) return fmt::format("{} s left", seconds);
  if (seconds < 100 * 60) return fmt::format("{} min left", seconds / 60);
  return fmt::format("{} h left", seconds / 3600);
}

/// A piece of the line. The higher the rank, the sooner it is left out.
struct LinePiece {
  std::string text;
  int rank;
  std::string_view color{};
};

std::vector<LinePiece> line_pieces(const ProgressReport& report,
                                   std::optional<std::chrono::seconds> left) {
  std::vector<LinePiece> pieces;
  pieces.push_back({fmt::format("{}/{}", report.step, report.steps), 0});
  if (!report.task.empty()) pieces.push_back({std::string(report.task), 3});
  if (report.epoch > 0) {
    pieces.push_back({fmt::format("epoch {}/{}", report.epoch, report.epochs), 5});
  }
  if (report.loss) pieces.push_back({fmt::format("loss {:.4g}", *report.loss), 2});
  if (report.score) pieces.push_back({score_words(report), 3});
  if (report.gradient_norm) {
    pieces.push_back({fmt::format("norm {:.3g}", *report.gradient_norm), 4});
  }
  pieces.push_back({health_words(report), 1, color_of_health(report.severity)});
  if (left) pieces.push_back({duration_words(*left), 6});
  return pieces;
}

/// Columns, with two blanks between pieces.
int width_of(const std::vector<LinePiece>& pieces) {
  int width = 0;
  for (const LinePiece& piece : pieces) width += display_width(piece.text) + 2;
  return width - 2;
}

std::string bar(double share, int width, bool ascii) {
  const int filled = static_cast<int>(std::floor(std::clamp(share, 0.0, 1.0) * width));
  std::string text = ascii ? "[" : "";
  for (int i = 0; i < width; ++i) {
    if (ascii) {
      text += i < filled ? '=' : ' ';
    } else {
      text += i < filled ? "\u2588" : "\u2591";
    }
  }
  return text + (ascii ? "]" : "");
}

double share_of(const ProgressReport& report) {
  return report.steps > 0 ? static_cast<double>(report.step) / static_cast<double>(report.steps)
                          : 0.0;
}

/// One column stays free: some terminals wrap a line that fills the last one.
int stderr_width() {
  const int width = terminal_width(STDERR_FILENO);
  return (width > 1 ? width : kUsualWidth) - 1;
}

std::string cut_to_width(std::string_view line, int width) {
  std::string cut;
  while (!line.empty()) {
    std::string longer = cut;
    append_utf8(longer, take_code_point(line));
    if (display_width(longer) > width) break;
    cut = std::move(longer);
  }
  return cut;
}

}  // namespace

std::string progress_line(const ProgressReport& report, const ProgressStyle& style,
                          std::optional<std::chrono::seconds> time_left) {
  std::vector<LinePiece> pieces = line_pieces(report, time_left);
  while (pieces.size() > 1 && width_of(pieces) > style.width) {
    pieces.erase(std::ranges::max_element(pieces, {}, &LinePiece::rank));
  }
  if (width_of(pieces) > style.width) return "";
  const int frame = style.ascii ? 2 : 0;
  const int room = style.width - width_of(pieces) - 2 - frame;
  std::string line;
  if (room >= kNarrowestBar) {
    line = bar(share_of(report), std::min(room, kWidestBar), style.ascii) + "  ";
  }
  for (const LinePiece& piece : pieces) {
    if (&piece != &pieces.front()) line += "  ";
    const bool colored = style.color && !piece.color.empty();
    line += colored ? fmt::format("{}{}\x1b[0m", piece.color, piece.text) : piece.text;
  }
  return line;
}

std::string progress_text(const ProgressReport& report) {
  std::string text = fmt::format("step {}", report.step);
  if (report.steps > 0) text += fmt::format(" of {}", report.steps);
  if (!report.task.empty()) text += fmt::format(", {}", report.task);
  if (report.epoch > 0) text += fmt::format(", epoch {} of {}", report.epoch, report.epochs);
  text += ": ";
  if (report.loss) text += fmt::format("loss {:.4g}, ", *report.loss);
  if (report.score) text += score_words(report) + ", ";
  if (report.gradient_norm) text += fmt::format("gradient norm {:.3g}, ", *report.gradient_norm);
  return text + health_words(report);
}

Progress::Progress(ColorMode color, bool ascii)
    : in_place_(is_terminal(STDERR_FILENO)),
      color_(use_color(color, STDERR_FILENO)),
      ascii_(use_ascii(ascii, STDERR_FILENO)) {
  if (in_place_) return;
  // A training that ends within the interval needs no line of text but its last.
  last_epoch_ = Clock::now();
  next_ = last_epoch_ + kLineInterval;
}

Progress::~Progress() {
  if (!line_.empty()) write_to_stderr("\n");
}

void Progress::update(const ProgressReport& report, Clock::time_point now) {
  const auto left = time_left_.estimate(report.step, report.steps, now);
  if (!in_place_) {
    next_ = now + kLineInterval;
    told_step_ = report.step;
    note(progress_text(report));
    return;
  }
  next_ = now + kInPlaceInterval;
  line_ = progress_line(report, {.width = stderr_width(), .color = color_, .ascii = ascii_}, left);
  write_to_stderr(fmt::format("\r{}{}", line_, kClearToEnd));
}

void Progress::end_epoch(const ProgressReport& report, Clock::time_point now) {
  if (in_place_ ? !is_due(now) : now < last_epoch_ + kEpochInterval) return;
  last_epoch_ = now;
  update(report, now);
}

void Progress::print(std::string_view lines) {
  if (line_.empty()) {
    write_to_stderr(fmt::format("{}\n", lines));
  } else {
    write_to_stderr(fmt::format("\r{}{}\n{}", kClearToEnd, lines, line_));
  }
}

void Progress::show(std::string_view line) {
  if (!in_place_) {
    note(line);
    return;
  }
  line_ = cut_to_width(line, stderr_width());
  write_to_stderr(fmt::format("\r{}{}", line_, kClearToEnd));
}

void Progress::finish(const ProgressReport& report, Clock::time_point now) {
  if (in_place_ || report.step != told_step_) update(report, now);
  if (!line_.empty()) write_to_stderr("\n");
  line_.clear();
}

}  // namespace gradvitals::app

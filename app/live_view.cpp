#include "app/live_view.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

#include "monitor/metrics/phrases.h"

namespace gradvitals::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kFrameInterval = 100ms;
constexpr std::size_t kMostKeptLines = 1000;

}  // namespace

LiveView::LiveView(ColorMode color, bool ascii)
    : style_{.color = use_color(color, STDERR_FILENO), .ascii = use_ascii(ascii, STDERR_FILENO)} {}

LiveView::~LiveView() {
  end();
}

bool LiveView::has_other_size() const {
  const ScreenSize now = screen_.size();
  return now.columns != size_.columns || now.rows != size_.rows;
}

void LiveView::draw(const LiveState& state, Clock::time_point now) {
  next_ = now + kFrameInterval;
  size_ = screen_.size();
  screen_.show(live_screen(state, size_, style_), size_);
}

void LiveView::print(std::string_view lines) {
  if (kept_.size() < kMostKeptLines) {
    kept_.emplace_back(lines);
  } else {
    ++lost_;
  }
}

void LiveView::end() {
  screen_.leave();
  std::string text;
  for (const std::string& lines : std::exchange(kept_, {})) text += lines + '\n';
  if (const std::int64_t lost = std::exchange(lost_, 0); lost > 0) {
    text += fmt::format("gradvitals: {} more {} not kept for the time after the view\n", lost,
                        plural(lost, "message was", "messages were"));
  }
  write_to_stderr(text);
}

}  // namespace gradvitals::app

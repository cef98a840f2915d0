#include "app/treat_option.h"

#include <fmt/format.h>

#include <stdexcept>

namespace gradvitals::app {

TreatmentOptions parse_treatments(std::string_view words) {
  TreatmentOptions options;
  while (true) {
    const std::size_t comma = words.find(',');
    const std::string_view word = words.substr(0, comma);
    if (word == name(TreatmentKind::kClip)) {
      options.clips = true;
    } else if (word == name(TreatmentKind::kSkip)) {
      options.skips = true;
    } else if (word == name(TreatmentKind::kLearningRate)) {
      options.cuts_learning_rate = true;
    } else {
      throw std::invalid_argument(fmt::format("'{}' is not one of clip, skip, lr", word));
    }
    if (comma == std::string_view::npos) return options;
    words.remove_prefix(comma + 1);
  }
}

bool treats(const TreatmentOptions& options) {
  return options.clips || options.skips || options.cuts_learning_rate;
}

std::string summary(const TreatmentOptions& options) {
  std::string text;
  const auto add = [&text](const std::string& word) {
    if (!text.empty()) text += ", ";
    text += word;
  };
  if (options.clips) {
    add(options.clip_norm
            ? fmt::format("clip to norm {}", *options.clip_norm)
            : fmt::format("clip to the {} quantile of recent norms", options.clip_quantile));
  }
  if (options.skips) add("skip steps that are not finite or spikes");
  if (options.cuts_learning_rate) add("cut the learning rate where an explosion lasts");
  return text;
}

}  // namespace gradvitals::app

#include "app/treat_option.h"

#include <fmt/format.h>

#include <array>

#include "app/word_list.h"

namespace gradvitals::app {

TreatmentOptions parse_treatments(std::string_view words) {
  TreatmentOptions options;
  const std::array flags = {
      NamedFlag{name(TreatmentKind::kClip), options.clips},
      NamedFlag{name(TreatmentKind::kSkip), options.skips},
      NamedFlag{name(TreatmentKind::kLearningRate), options.cuts_learning_rate}};
  set_flags(words, flags);
  return options;
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

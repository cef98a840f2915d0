#include "training/model_spec.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "kernels/runtime/input_message.h"
#include "training/network_plan.h"

namespace gradvitals {
namespace {

constexpr std::string_view kLayerNormWord = "layernorm";
constexpr std::string_view kDropoutWord = "dropout";
constexpr std::string_view kResidualWord = "residual";
constexpr std::string_view kAddWord = "add";

/// The whole text as a number; empty where it is none, or out of range.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool begins_as_number(std::string_view word) {
  return !word.empty() && word.front() >= '0' && word.front() <= '9';
}

/// The last dense layer among the parts; null where there is none.
const DensePart* last_dense(const std::vector<ModelPart>& parts) {
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (const auto* const dense = std::get_if<DensePart>(&*part)) return dense;
    const auto* const residual = std::get_if<ResidualPart>(&*part);
    const DensePart* const within = residual != nullptr ? last_dense(residual->parts) : nullptr;
    if (within != nullptr) return within;
  }
  return nullptr;
}

/// Reads the words of one text.
class SpecParser {
 public:
  explicit SpecParser(std::string_view text) : text_(text) {}

  ModelSpec parse() {
    ModelSpec spec;
    for (std::string_view rest = text_;;) {
      const std::size_t hyphen = rest.find('-');
      word_ = rest.substr(0, hyphen);
      ++place_;
      if (place_ == 1) {
        spec.inputs = units();
      } else {
        add_word(spec.parts);
      }
      if (hyphen == std::string_view::npos) break;
      rest.remove_prefix(hyphen + 1);
    }
    if (residual_ != nullptr) refuse_model("its residual has no \"add\" behind it");
    if (last_dense(spec.parts) == nullptr) {
      refuse_model(
          "has no dense layer; behind the width of the input there is at least one number, as in "
          "\"784-10\"");
    }
    return spec;
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw std::invalid_argument(
        fmt::format("model {}: word {}, {}, {}", in_quotes(text_), place_, in_quotes(word_), what));
  }

  [[noreturn]] void refuse_model(std::string_view what) const {
    throw std::invalid_argument(fmt::format("model {}: {}", in_quotes(text_), what));
  }

  std::int64_t units() const {
    const std::optional<std::int64_t> value = number_in<std::int64_t>(word_);
    if (!value && place_ == 1) {
      refuse("is no number: the first word is the width of the input, as in \"784-128-relu-10\"");
    }
    if (!value) refuse("is no whole number of units");
    if (*value < 1) refuse("is not 1 or more");
    if (*value > kMostUnits) refuse(fmt::format("is more than {} units", kMostUnits));
    return *value;
  }

  double dropout_rate() const {
    const std::string_view number = word_.substr(kDropoutWord.size());
    const std::optional<double> rate = number_in<double>(number);
    if (!rate) refuse("needs its rate as a number behind it: \"dropout0.1\"");
    if (!(*rate >= 0.0 && *rate < 1.0)) refuse("has a rate outside of [0, 1)");
    return *rate;
  }

  void add_word(std::vector<ModelPart>& all) {
    std::vector<ModelPart>& parts = residual_ != nullptr ? residual_->parts : all;
    const bool is_behind_number = std::exchange(was_number_, begins_as_number(word_));
    if (was_number_) {
      parts.emplace_back(DensePart{.units = units()});
    } else if (word_ == kLayerNormWord) {
      parts.emplace_back(LayerNormPart{});
    } else if (word_ == kResidualWord) {
      if (residual_ != nullptr) refuse("stands in a residual; add ends one");
      residual_ = &std::get<ResidualPart>(all.emplace_back(ResidualPart{}));
    } else if (word_ == kAddWord) {
      if (residual_ == nullptr) refuse("ends no residual");
      if (residual_->parts.empty()) refuse("ends a residual without layers");
      residual_ = nullptr;
    } else if (word_.starts_with(kDropoutWord)) {
      parts.emplace_back(DropoutPart{dropout_rate()});
    } else if (is_behind_number) {
      std::get<DensePart>(parts.back()).activation = activation();
    } else {
      parts.emplace_back(ActivationPart{activation()});
    }
  }

  Activation activation() const {
    const std::optional<Activation> activation = parse_activation(word_);
    if (activation && *activation != Activation::kNone) return *activation;
    refuse(fmt::format(
        "is not known; there are numbers of units, {}, {}, {} with its rate, as in {}0.1, and {} "
        "to {}",
        activation_names(), kLayerNormWord, kDropoutWord, kDropoutWord, kResidualWord, kAddWord));
  }

  std::string_view text_;
  std::string_view word_;
  int place_ = 0;
  bool was_number_ = false;           ///< The word before, of a dense layer.
  ResidualPart* residual_ = nullptr;  ///< That words are part of; no part is added behind it then.
};

/// Without an exponent: its hyphen would part the word.
std::string rate_text(double rate) {
  // The least positive float64 has 324 zeros behind the point, and 17 digits say each number.
  std::array<char, 352> digits{};
  const auto [end, error] =
      std::to_chars(digits.begin(), digits.end(), rate, std::chars_format::fixed);
  if (error != std::errc()) throw std::logic_error("model: the text of a rate has no room");
  return {digits.begin(), end};
}

std::string parts_text(const std::vector<ModelPart>& parts);

std::string part_text(const ModelPart& part, bool before_activation) {
  if (const auto* const dense = std::get_if<DensePart>(&part)) {
    // A linear layer's activation is said where the next word would be taken for it.
    const bool is_plain = dense->activation == Activation::kLinear && !before_activation;
    return is_plain ? fmt::format("{}", dense->units)
                    : fmt::format("{}-{}", dense->units, name(dense->activation));
  }
  if (const auto* const alone = std::get_if<ActivationPart>(&part)) {
    return std::string(name(alone->activation));
  }
  if (const auto* const dropout = std::get_if<DropoutPart>(&part)) {
    return fmt::format("{}{}", kDropoutWord, rate_text(dropout->rate));
  }
  if (const auto* const residual = std::get_if<ResidualPart>(&part)) {
    return fmt::format("{}{}-{}", kResidualWord, parts_text(residual->parts), kAddWord);
  }
  return std::string(kLayerNormWord);
}

/// With a hyphen before each.
std::string parts_text(const std::vector<ModelPart>& parts) {
  std::string words;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool before_activation =
        i + 1 < parts.size() && std::holds_alternative<ActivationPart>(parts[i + 1]);
    words += "-" + part_text(parts[i], before_activation);
  }
  return words;
}

}  // namespace

std::int64_t ModelSpec::outputs() const {
  const DensePart* const last = last_dense(parts);
  return last != nullptr ? last->units : inputs;
}

Activation ModelSpec::head() const {
  if (parts.empty()) return Activation::kLinear;
  if (const auto* const dense = std::get_if<DensePart>(&parts.back())) return dense->activation;
  const auto* const alone = std::get_if<ActivationPart>(&parts.back());
  return alone != nullptr ? alone->activation : Activation::kLinear;
}

ModelSpec parse_model_spec(std::string_view text) {
  return SpecParser(text).parse();
}

std::string text(const ModelSpec& spec) {
  return fmt::format("{}{}", spec.inputs, parts_text(spec.parts));
}

Sequential build_model(Stream& stream, const ModelSpec& spec, const ModelOptions& options) {
  return build_network(stream, plan_of(spec, options));
}

}  // namespace gradvitals

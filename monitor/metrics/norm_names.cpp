#include "monitor/metrics/norm_names.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/tracker_names.h"

namespace gradvitals {
namespace {

/// "grad_norm" of "run-1 - train/grad_norm".
std::string_view last_part(std::string_view name) {
  const std::size_t separator = name.find_last_of("/ ");
  return separator == std::string_view::npos ? name : name.substr(separator + 1);
}

/// "train" of the same name; empty where there is nothing before the last part.
std::string_view part_before(std::string_view name) {
  const std::size_t separator = name.find_last_of("/ ");
  return separator == std::string_view::npos ? "" : last_part(name.substr(0, separator));
}

template <std::size_t kCount>
bool is_one_of(std::string_view text, const std::array<std::string_view, kCount>& words) {
  return std::ranges::find(words, text) != words.end();
}

bool contains_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

/// A part of a name, with its separator: "val/loss", "val_loss" and "val.loss", not "value".
bool begins_with_word(std::string_view text, std::string_view word) {
  return text.starts_with(word) &&
         (text.size() == word.size() ||
          std::string_view("/_.").find(text[word.size()]) != std::string_view::npos);
}

/// A tracker's own columns for the range of a smoothed curve.
bool is_range_column(std::string_view name) {
  return name.ends_with("__MIN") || name.ends_with("__MAX");
}

/// "grad/w/mean", "grad_std": of the elements, not a norm.
bool is_other_statistic(const std::string& name) {
  constexpr std::array<std::string_view, 10> kStatistics{
      "avg", "cosine", "count", "max", "mean", "median", "min", "sparsity", "std", "var"};
  const std::string text = ascii_lower(name);
  return is_one_of(std::string_view(text).substr(text.find_last_of("/_. ") + 1), kStatistics);
}

/// What trackers and trainers log beside norms.
bool is_bookkeeping(const std::string& name) {
  const std::string text = ascii_lower(name);
  // "_timestamp" and "_runtime" are Weights & Biases' own.
  if (text.empty() || text.starts_with('_') || is_evaluation_name(name)) return true;
  if (step_rank(name) || is_range_column(name) || is_other_statistic(name)) return true;
  return contains_one_of(text, {"loss", "weight_norm", "weights_norm", "param_norm", "params_norm",
                                "update_norm", "momentum_norm"}) ||
         is_tracker_name(name);
}

}  // namespace

std::optional<int> step_rank(std::string_view name) {
  constexpr std::array<std::string_view, 10> kBestFirst{
      "step",      "_step", "global_step", "training_step", "train_step",
      "iteration", "iter",  "it",          "batch",         "epoch"};
  const std::string text = ascii_lower(name);
  const auto found = std::ranges::find(kBestFirst, last_part(text));
  if (found == kBestFirst.end()) return std::nullopt;
  return static_cast<int>(found - kBestFirst.begin());
}

bool is_loss_name(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames{"loss", "train_loss", "training_loss",
                                                   "loss/train", "total_loss"};
  const std::string text = ascii_lower(name);
  return !is_evaluation_name(name) &&
         (is_one_of(text, kNames) || is_one_of(last_part(text), kNames));
}

bool is_evaluation_name(std::string_view name) {
  const std::string text = ascii_lower(name);
  const std::string_view scope = part_before(text);
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"eval", "val", "valid", "validation", "test"},
      [&](std::string_view word) { return begins_with_word(text, word) || scope == word; });
}

bool says_gradient(std::string_view name) {
  const std::string text = ascii_lower(name);
  if (text.find("grad") == std::string::npos || is_range_column(name)) return false;
  return !contains_one_of(text, {"accum", "clip_grad", "grad_clip", "gradient_clip", "clip_coef",
                                 "max_grad_norm", "grad_scale", "checkpointing", "upgrade",
                                 "degrade", "gradient_loss", "gradient_penalty", "grad_penalty"});
}

bool is_parameter_name(std::string_view name) {
  constexpr std::array<std::string_view, 8> kParameters{
      "beta", "bias", "embedding", "embeddings", "gamma", "kernel", "scale", "weight"};
  const std::size_t separator = name.find_last_of("/.");
  return separator != std::string_view::npos && is_one_of(name.substr(separator + 1), kParameters);
}

bool is_no_value(std::string_view text) {
  constexpr std::array<std::string_view, 6> kNoValue{"", "-", "na", "n/a", "null", "none"};
  return is_one_of(std::string_view(ascii_lower(text)), kNoValue);
}

std::vector<bool> choose_norms(std::span<const std::string> names, const std::vector<bool>& known) {
  std::vector<bool> chosen(names.size()), statistics(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_statistic = !known[i] && is_other_statistic(names[i]);
    chosen[i] = known[i] || (says_gradient(names[i]) && !is_statistic);
    statistics[i] = says_gradient(names[i]) && is_statistic;
  }
  if (std::ranges::count(chosen, true) > 0) return chosen;
  if (std::ranges::count(statistics, true) > 0) return statistics;
  for (std::size_t i = 0; i < names.size(); ++i) {
    chosen[i] = is_parameter_name(names[i]) || !is_bookkeeping(names[i]);
  }
  return chosen;
}

bool is_total_norm_name(std::string_view name) {
  constexpr std::array<std::string_view, 9> kTotals{
      "global_grad_norm", "global_norm", "gnorm",           "grad_norm",          "grad_norm_total",
      "gradient_norm",    "total_norm",  "total_grad_norm", "grad_2.0_norm_total"};
  constexpr std::array<std::string_view, 9> kScopes{
      "", "debug", "grad", "gradients", "grads", "metrics", "optim", "train", "training"};
  const std::string text = ascii_lower(name);
  // The name of a run may stand before: "run-1 - train/grad_norm".
  const bool is_alone = part_before(text) == "-";
  return is_one_of(last_part(text), kTotals) && (is_alone || is_one_of(part_before(text), kScopes));
}

std::optional<std::size_t> total_norm_among(std::span<const std::string> names,
                                            const std::vector<bool>& chosen) {
  std::optional<std::size_t> total;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!chosen[i] || !is_total_norm_name(names[i])) continue;
    if (total) return std::nullopt;  // Each is then of a part of the network.
    total = i;
  }
  return total && std::ranges::count(chosen, true) > 1 ? total : std::nullopt;
}

std::string_view run_prefix(std::span<const std::string_view> names) {
  constexpr std::string_view kSeparator = " - ";
  if (names.empty()) return {};
  const std::size_t separator = names.front().find(kSeparator);
  if (separator == std::string_view::npos) return {};
  const std::string_view prefix = names.front().substr(0, separator + kSeparator.size());
  const bool is_shared =
      std::ranges::all_of(names, [&](std::string_view name) { return name.starts_with(prefix); });
  return is_shared ? prefix : std::string_view();
}

}  // namespace gradvitals

#include "monitor/metrics/tracker_names.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

/// Of a tracker's whatever stands beside them. Sorted, as the next two.
constexpr std::array<std::string_view, 28> kAlways{
    "acc",  "accuracy", "cpu",   "cuda",   "epoch",      "eta",    "flops",   "fps", "gpu",  "hp",
    "loss", "losses",   "lr",    "mem",    "mfu",        "num",    "penalty", "per", "perf", "ram",
    "rate", "rollout",  "rouge", "system", "throughput", "timers", "tps",     "vram"};

/// Of a tracker's, but for a layer that is named after them.
constexpr std::array<std::string_view, 128> kMeasured{
    "advantage",  "allocated",   "ap",         "auc",         "auroc",   "batch",     "batches",
    "bleu",       "bytes",       "cer",        "charts",      "clip",    "clipfrac",  "clipped",
    "cost",       "count",       "counter",    "created",     "date",    "datetime",  "decay",
    "dice",       "disk",        "dropout",    "duration",    "elapsed", "entropy",   "ep",
    "episode",    "episodes",    "epochs",     "error",       "f1",      "fid",       "flop",
    "flos",       "fraction",    "free",       "gb",          "gib",     "hour",      "hours",
    "hz",         "id",          "index",      "iou",         "it",      "iter",      "iteration",
    "iterations", "iters",       "its",        "kl",          "latency", "learning",  "len",
    "length",     "mae",         "mape",       "mb",          "memory",  "metric",    "mib",
    "minute",     "minutes",     "miou",       "momentum",    "ms",      "mse",       "n",
    "nll",        "percent",     "perplexity", "power",       "ppl",     "precision", "process",
    "psnr",       "r2",          "rank",       "ratio",       "recall",  "reserved",  "return",
    "returns",    "reward",      "rewards",    "rmse",        "roc",     "run",       "runtime",
    "s",          "sample",      "samples",    "score",       "sec",     "second",    "seconds",
    "secs",       "seed",        "size",       "speed",       "sps",     "ssim",      "step",
    "steps",      "success",     "temp",       "temperature", "time",    "timestamp", "timesteps",
    "tokens",     "top",         "total",      "updates",     "uptime",  "usage",     "used",
    "util",       "utilization", "variance",   "walltime",    "watts",   "wd",        "wer",
    "world",      "wps"};

constexpr std::array<std::string_view, 42> kLayers{
    "attention",  "attn",       "backbone",   "bias",    "block",   "blocks",      "bn",
    "classifier", "conv",       "convs",      "decoder", "dense",   "emb",         "embed",
    "embedding",  "embeddings", "encoder",    "expert",  "experts", "fc",          "ffn",
    "gate",       "gru",        "head",       "heads",   "kernel",  "layer",       "layers",
    "lin",        "linear",     "ln",         "lora",    "lstm",    "mlp",         "norm",
    "norms",      "proj",       "projection", "rnn",     "stem",    "transformer", "weight"};

template <std::size_t kCount>
bool is_among(std::string_view word, const std::array<std::string_view, kCount>& words) {
  return std::ranges::find(words, word) != words.end();
}

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

bool is_capital(char letter) {
  return letter >= 'A' && letter <= 'Z';
}

bool is_letter(char letter) {
  return is_capital(letter) || (letter >= 'a' && letter <= 'z');
}

/// "gpu", "memory", "allocated" of "gpu.0.memoryAllocated": small, without numbers.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool is_part = is_letter(name[i]) || is_digit(name[i]);
    const bool begins_word = is_capital(name[i]) && i > 0 && !is_capital(name[i - 1]);
    if ((!is_part || begins_word) && !words.back().empty()) words.emplace_back();
    if (is_part) words.back() += name[i];
  }
  std::erase_if(words, [](const std::string& word) { return std::ranges::all_of(word, is_digit); });
  std::ranges::transform(words, words.begin(), [](const auto& word) { return ascii_lower(word); });
  return words;
}

/// "acc" of "acc5".
std::string_view without_number(std::string_view word) {
  return word.substr(0, word.find_last_not_of("0123456789") + 1);
}

template <std::size_t kCount>
bool has_one_of(const std::vector<std::string>& words,
                const std::array<std::string_view, kCount>& known) {
  return std::ranges::any_of(words, [&](const std::string& word) {
    return is_among(word, known) || is_among(without_number(word), known);
  });
}

}  // namespace

bool is_tracker_name(std::string_view name) {
  const std::size_t run = name.find(" - ");
  if (run != std::string_view::npos) name.remove_prefix(run + 3);
  const std::vector<std::string> words = words_of(name);
  if (words.empty()) return false;
  if (has_one_of(words, kAlways)) return true;
  const std::string_view last = without_number(words.back());
  return !is_among(last, kLayers) && has_one_of(words, kMeasured);
}

}  // namespace gradvitals

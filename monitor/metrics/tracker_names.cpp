#include "monitor/metrics/tracker_names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

using enum WordMeaning;

/// Each word once, sorted.
constexpr std::array kWords = std::to_array<TrackerWord>({{"acc", kAlways},
                                                          {"accuracy", kAlways},
                                                          {"advantage", kMeasured},
                                                          {"allocated", kMeasured},
                                                          {"ap", kMeasured},
                                                          {"attention", kLayer},
                                                          {"attn", kLayer},
                                                          {"auc", kMeasured},
                                                          {"auroc", kMeasured},
                                                          {"backbone", kLayer},
                                                          {"batch", kMeasured},
                                                          {"batches", kMeasured},
                                                          {"bias", kLayer},
                                                          {"bleu", kMeasured},
                                                          {"block", kLayer},
                                                          {"blocks", kLayer},
                                                          {"bn", kLayer},
                                                          {"bytes", kMeasured},
                                                          {"cer", kMeasured},
                                                          {"charts", kMeasured},
                                                          {"classifier", kLayer},
                                                          {"clip", kMeasured},
                                                          {"clipfrac", kMeasured},
                                                          {"clipped", kMeasured},
                                                          {"conv", kLayer},
                                                          {"convs", kLayer},
                                                          {"cost", kMeasured},
                                                          {"count", kMeasured},
                                                          {"counter", kMeasured},
                                                          {"cpu", kAlways},
                                                          {"created", kMeasured},
                                                          {"cuda", kAlways},
                                                          {"date", kMeasured},
                                                          {"datetime", kMeasured},
                                                          {"decay", kMeasured},
                                                          {"decoder", kLayer},
                                                          {"dense", kLayer},
                                                          {"dice", kMeasured},
                                                          {"disk", kMeasured},
                                                          {"dropout", kMeasured},
                                                          {"duration", kMeasured},
                                                          {"elapsed", kMeasured},
                                                          {"emb", kLayer},
                                                          {"embed", kLayer},
                                                          {"embedding", kLayer},
                                                          {"embeddings", kLayer},
                                                          {"encoder", kLayer},
                                                          {"entropy", kMeasured},
                                                          {"ep", kMeasured},
                                                          {"episode", kMeasured},
                                                          {"episodes", kMeasured},
                                                          {"epoch", kAlways},
                                                          {"epochs", kAlways},
                                                          {"error", kMeasured},
                                                          {"eta", kAlways},
                                                          {"expert", kLayer},
                                                          {"experts", kLayer},
                                                          {"f1", kMeasured},
                                                          {"fc", kLayer},
                                                          {"ffn", kLayer},
                                                          {"fid", kMeasured},
                                                          {"flop", kAlways},
                                                          {"flops", kAlways},
                                                          {"flos", kAlways},
                                                          {"fps", kAlways},
                                                          {"fraction", kMeasured},
                                                          {"free", kMeasured},
                                                          {"gate", kLayer},
                                                          {"gb", kMeasured},
                                                          {"gib", kMeasured},
                                                          {"gpu", kAlways},
                                                          {"gru", kLayer},
                                                          {"head", kLayer},
                                                          {"heads", kLayer},
                                                          {"hour", kMeasured},
                                                          {"hours", kMeasured},
                                                          {"hp", kAlways},
                                                          {"hz", kMeasured},
                                                          {"id", kMeasured},
                                                          {"index", kMeasured},
                                                          {"iou", kMeasured},
                                                          {"it", kMeasured},
                                                          {"iter", kMeasured},
                                                          {"iteration", kMeasured},
                                                          {"iterations", kMeasured},
                                                          {"iters", kMeasured},
                                                          {"its", kMeasured},
                                                          {"kernel", kLayer},
                                                          {"kl", kMeasured},
                                                          {"latency", kMeasured},
                                                          {"layer", kLayer},
                                                          {"layers", kLayer},
                                                          {"learning", kMeasured},
                                                          {"len", kMeasured},
                                                          {"length", kMeasured},
                                                          {"lin", kLayer},
                                                          {"linear", kLayer},
                                                          {"ln", kLayer},
                                                          {"lora", kLayer},
                                                          {"loss", kAlways},
                                                          {"losses", kAlways},
                                                          {"lr", kAlways},
                                                          {"lstm", kLayer},
                                                          {"mae", kMeasured},
                                                          {"mape", kMeasured},
                                                          {"mb", kMeasured},
                                                          {"mem", kAlways},
                                                          {"memory", kMeasured},
                                                          {"metric", kMeasured},
                                                          {"mfu", kAlways},
                                                          {"mib", kMeasured},
                                                          {"minute", kMeasured},
                                                          {"minutes", kMeasured},
                                                          {"miou", kMeasured},
                                                          {"mlp", kLayer},
                                                          {"momentum", kMeasured},
                                                          {"ms", kMeasured},
                                                          {"mse", kMeasured},
                                                          {"n", kMeasured},
                                                          {"nll", kMeasured},
                                                          {"norm", kLayer},
                                                          {"norms", kLayer},
                                                          {"num", kAlways},
                                                          {"penalty", kAlways},
                                                          {"per", kAlways},
                                                          {"percent", kMeasured},
                                                          {"perf", kAlways},
                                                          {"perplexity", kMeasured},
                                                          {"power", kMeasured},
                                                          {"ppl", kMeasured},
                                                          {"precision", kMeasured},
                                                          {"process", kMeasured},
                                                          {"proj", kLayer},
                                                          {"projection", kLayer},
                                                          {"psnr", kMeasured},
                                                          {"r2", kMeasured},
                                                          {"ram", kAlways},
                                                          {"rank", kMeasured},
                                                          {"rate", kAlways},
                                                          {"ratio", kMeasured},
                                                          {"recall", kMeasured},
                                                          {"reserved", kMeasured},
                                                          {"return", kMeasured},
                                                          {"returns", kMeasured},
                                                          {"reward", kMeasured},
                                                          {"rewards", kMeasured},
                                                          {"rmse", kMeasured},
                                                          {"rnn", kLayer},
                                                          {"roc", kMeasured},
                                                          {"rollout", kAlways},
                                                          {"rouge", kAlways},
                                                          {"run", kMeasured},
                                                          {"runtime", kMeasured},
                                                          {"s", kMeasured},
                                                          {"sample", kMeasured},
                                                          {"samples", kMeasured},
                                                          {"score", kMeasured},
                                                          {"sec", kMeasured},
                                                          {"second", kMeasured},
                                                          {"seconds", kMeasured},
                                                          {"secs", kMeasured},
                                                          {"seed", kMeasured},
                                                          {"size", kMeasured},
                                                          {"speed", kMeasured},
                                                          {"sps", kMeasured},
                                                          {"ssim", kMeasured},
                                                          {"stem", kLayer},
                                                          {"step", kMeasured},
                                                          {"steps", kMeasured},
                                                          {"success", kMeasured},
                                                          {"system", kAlways},
                                                          {"temp", kMeasured},
                                                          {"temperature", kMeasured},
                                                          {"throughput", kAlways},
                                                          {"time", kMeasured},
                                                          {"timers", kAlways},
                                                          {"timestamp", kMeasured},
                                                          {"timesteps", kMeasured},
                                                          {"tokens", kMeasured},
                                                          {"top", kMeasured},
                                                          {"total", kMeasured},
                                                          {"tps", kAlways},
                                                          {"transformer", kLayer},
                                                          {"updates", kMeasured},
                                                          {"uptime", kMeasured},
                                                          {"usage", kMeasured},
                                                          {"used", kMeasured},
                                                          {"util", kMeasured},
                                                          {"utilization", kMeasured},
                                                          {"variance", kMeasured},
                                                          {"vram", kAlways},
                                                          {"walltime", kMeasured},
                                                          {"watts", kMeasured},
                                                          {"wd", kMeasured},
                                                          {"weight", kLayer},
                                                          {"wer", kMeasured},
                                                          {"world", kMeasured},
                                                          {"wps", kMeasured}});

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

std::optional<WordMeaning> meaning_of(std::string_view word) {
  const auto found = std::ranges::lower_bound(kWords, word, {}, &TrackerWord::text);
  if (found == kWords.end() || found->text != word) return std::nullopt;
  return found->meaning;
}

bool has_one_that_is(WordMeaning meaning, const std::vector<std::string>& words) {
  return std::ranges::any_of(words, [&](const std::string& word) {
    return meaning_of(word) == meaning || meaning_of(without_number(word)) == meaning;
  });
}

}  // namespace

std::span<const TrackerWord> tracker_words() {
  return kWords;
}

bool is_tracker_name(std::string_view name) {
  const std::size_t run = name.find(" - ");
  if (run != std::string_view::npos) name.remove_prefix(run + 3);
  const std::vector<std::string> words = words_of(name);
  if (words.empty()) return false;
  if (has_one_that_is(kAlways, words)) return true;
  const bool is_layer = meaning_of(without_number(words.back())) == kLayer;
  return !is_layer && has_one_that_is(kMeasured, words);
}

}  // namespace gradvitals

// Contract: monitor/metrics/tracker_names.h. Oracle: names as trackers, trainers and people write
// them, each with one word that decides.
#include "monitor/metrics/tracker_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <string>
#include <string_view>

namespace gradvitals::test {
namespace {

constexpr std::array kLogged = std::to_array<std::string_view>({
    "train/acc",
    "val/accuracy",
    "advantage_mean",
    "max_allocated",
    "ap50",
    "val/auc",
    "val/auroc",
    "batch",
    "batches_done",
    "bleu-4",
    "bytes_read",
    "val/cer",
    "charts/mean",
    "clip_coef",
    "ppo/clipfrac",
    "is_clipped",
    "cost",
    "val_count",
    "counter",
    "cpu.0",
    "created_at",
    "cuda.0",
    "date",
    "datetime",
    "ema_decay",
    "dice",
    "disk.in",
    "dropout",
    "duration",
    "elapsed",
    "policy_entropy",
    "ep_mean",
    "episode",
    "episodes_done",
    "epoch",
    "epochs_done",
    "td_error",
    "eta",
    "f1",
    "fid",
    "flop",
    "flops",
    "flos",
    "fps",
    "exploration_fraction",
    "free",
    "peak_gb",
    "peak_gib",
    "gpu.0.fan",
    "hour",
    "wall_hours",
    "hp/width",
    "clock_hz",
    "job_id",
    "index",
    "iou",
    "it",
    "iter",
    "iteration",
    "iterations",
    "iters",
    "its",
    "approx_kl",
    "latency",
    "learning_starts",
    "seq_len",
    "seq_length",
    "train/loss",
    "losses/value",
    "lr-Adam",
    "val/mae",
    "val/mape",
    "peak_mb",
    "peak_mem",
    "memory",
    "metric",
    "mfu",
    "peak_mib",
    "minute",
    "minutes",
    "miou",
    "momentum",
    "forward_ms",
    "val/mse",
    "train/n",
    "val/nll",
    "num_params",
    "percent",
    "l2_penalty",
    "images_per_day",
    "perf/forward",
    "val/perplexity",
    "power",
    "val/ppl",
    "val/precision",
    "process",
    "val/psnr",
    "r2",
    "ram",
    "rank",
    "drop_rate",
    "ratio",
    "val/recall",
    "reserved",
    "mean_return",
    "returns",
    "mean_reward",
    "rewards",
    "val/rmse",
    "roc",
    "rollout/mean",
    "rouge1",
    "run",
    "runtime",
    "img/s",
    "sample",
    "samples_seen",
    "score",
    "img/sec",
    "second",
    "seconds",
    "secs",
    "seed",
    "size",
    "speed",
    "sps",
    "val/ssim",
    "global_step",
    "steps",
    "success",
    "system.proc",
    "core_temp",
    "temperature",
    "throughput",
    "time",
    "timers/forward",
    "timestamp",
    "timesteps",
    "tokens",
    "top5",
    "total_seen",
    "tps",
    "updates",
    "uptime",
    "usage",
    "used",
    "util",
    "utilization",
    "explained_variance",
    "vram",
    "walltime",
    "watts",
    "wd",
    "val/wer",
    "world",
    "wps",
});

/// Layers that are named after something measured.
constexpr std::array kLayersNamed = std::to_array<std::string_view>({
    "memory_attention", "memory_attn",  "score_backbone",   "score.bias",   "memory_block",
    "memory_blocks",    "step_bn",      "score_classifier", "time_conv",    "time_convs",
    "entropy_decoder",  "time_dense",   "time_emb",         "time_embed",   "time_embedding",
    "time_embeddings",  "time_encoder", "cost_expert",      "cost_experts", "time_fc",
    "time_ffn",         "memory_gate",  "memory_gru",       "reward_head",  "reward_heads",
    "time/kernel",      "time_layer",   "time_layers",      "time_lin",     "time_linear",
    "time_ln",          "rank.lora1",   "memory_lstm",      "time_mlp",     "batch_norm",
    "batch_norms",      "time_proj",    "time_projection",  "memory_rnn",   "sample_stem",
    "time_transformer", "index.weight",
});

/// Whether the name is judged otherwise where another word stands for this one.
bool decides(std::string_view word, std::string_view name) {
  const std::size_t place = name.rfind(word);
  if (place == std::string_view::npos) return false;
  const auto is_letter_at = [&](std::size_t i) {
    return i < name.size() && std::isalpha(static_cast<unsigned char>(name[i])) != 0;
  };
  if ((place > 0 && is_letter_at(place - 1)) || is_letter_at(place + word.size())) return false;
  const std::string other =
      std::string(name.substr(0, place)) + "zz" + std::string(name.substr(place + word.size()));
  return is_tracker_name(name) != is_tracker_name(other);
}

TEST(TrackerNames, AreToldFromThoseOfLayers) {
  for (const std::string_view name : kLogged) EXPECT_TRUE(is_tracker_name(name)) << name;
  for (const std::string_view name : kLayersNamed) EXPECT_FALSE(is_tracker_name(name)) << name;
}

TEST(TrackerNames, EveryWordDecidesAName) {
  for (const TrackerWord& word : tracker_words()) {
    const auto is_decided = [&](std::string_view name) { return decides(word.text, name); };
    const bool is_used = word.meaning == WordMeaning::kLayer
                             ? std::ranges::any_of(kLayersNamed, is_decided)
                             : std::ranges::any_of(kLogged, is_decided);
    EXPECT_TRUE(is_used) << word.text;
  }
}

TEST(TrackerNames, WordsStandOnceAndSorted) {
  EXPECT_EQ(
      std::ranges::adjacent_find(tracker_words(), std::ranges::greater_equal{}, &TrackerWord::text),
      tracker_words().end());
}

TEST(TrackerNames, AWordThatAlwaysCountsOutweighsALayer) {
  for (const std::string_view name : {"num_layers", "lr/head", "loss_head", "epochs/encoder"}) {
    EXPECT_TRUE(is_tracker_name(name)) << name;
  }
}

TEST(TrackerNames, NameOfTheRunAndNumbersDoNotCount) {
  EXPECT_FALSE(is_tracker_name("run-gpu - fc1"));
  EXPECT_TRUE(is_tracker_name("fc1 - accuracy"));
  EXPECT_FALSE(is_tracker_name("0.1"));
  EXPECT_FALSE(is_tracker_name(""));
}

}  // namespace
}  // namespace gradvitals::test

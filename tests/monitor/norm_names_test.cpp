// Contract: monitor/metrics/norm_names.h. Oracle: names as trackers and trainers write them.
#include "monitor/metrics/norm_names.h"

#include <gtest/gtest.h>

namespace gradvitals::test {
namespace {

using Texts = std::vector<std::string>;

Texts chosen_of(const Texts& names) {
  const std::vector<bool> chosen = choose_norms(names, std::vector<bool>(names.size()));
  Texts result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (chosen[i]) result.push_back(names[i]);
  }
  return result;
}

std::string total_of(const Texts& names) {
  const auto total = total_norm_among(names, std::vector<bool>(names.size(), true));
  return total ? names[*total] : "none";
}

TEST(NormNames, NamesThatSayGradientComeFirst) {
  EXPECT_EQ(chosen_of({"train/loss", "train/grad_norm", "lr", "gradients/0.weight", "accuracy"}),
            (Texts{"train/grad_norm", "gradients/0.weight"}));
  EXPECT_EQ(chosen_of({"GradNorm/fc1", "fc1"}), Texts{"GradNorm/fc1"});
  EXPECT_EQ(chosen_of({"grad_2.0_norm_total", "grad_2.0_norm/fc.weight"}).size(), 2U);
}

TEST(NormNames, WhatElseIsNamedAfterGradientsIsNoNorm) {
  EXPECT_EQ(chosen_of({"grad_norm", "gradient_accumulation_steps", "max_grad_norm", "grad_scale",
                       "grad_norm__MIN", "grad_norm__MAX", "gradient_clip_val"}),
            Texts{"grad_norm"});
}

TEST(NormNames, OtherStatisticsStandBackBehindNorms) {
  EXPECT_EQ(chosen_of({"grad/w/norm", "grad/w/mean", "grad_std"}), Texts{"grad/w/norm"});
  EXPECT_EQ(chosen_of({"grad/w/max", "loss"}), Texts{"grad/w/max"});
}

TEST(NormNames, WithoutGradientsAllAreNormsButWhatIsKnownForSomethingElse) {
  EXPECT_EQ(chosen_of({"step", "epoch", "fc1", "fc2.weight", "train/loss", "learning_rate",
                       "_timestamp", "_runtime", "system/gpu.0.temp", "eval_accuracy", "val/f1",
                       "tokens_per_second", "Wall time", "Relative Time (Process)", "lr"}),
            (Texts{"fc1", "fc2.weight"}));
  // A layer may bear any name.
  EXPECT_EQ(chosen_of({"memory.weight", "loss_head/kernel", "val.weight", "test.bias"}).size(), 4U);
  EXPECT_EQ(chosen_of({"value_head", "lossless", "time_embedding"}),
            (Texts{"value_head", "time_embedding"}));
}

TEST(NormNames, WhatTrackersLogBesideNormsIsNone) {
  const Texts weights_and_biases{"_step",
                                 "_runtime",
                                 "_timestamp",
                                 "Relative Time (Process)",
                                 "run-gpu - train/accuracy",
                                 "system/gpu.0.memoryAllocated",
                                 "system.cpu",
                                 "GPU Process Memory",
                                 "train/global_step"};
  const Texts lightning{"epoch",     "step",      "train_loss_step",   "train_loss_epoch",
                        "val_acc",   "lr-Adam",   "lr-SGD/pg1",        "lr-AdamW-momentum",
                        "hp_metric", "train_acc", "samples_per_second"};
  const Texts hugging_face{"learning_rate",
                           "eval_runtime",
                           "train_runtime",
                           "train_samples_per_second",
                           "train_steps_per_second",
                           "total_flos",
                           "num_input_tokens_seen",
                           "mean_token_accuracy",
                           "entropy"};
  const Texts tensor_board{"Wall time",
                           "Step",
                           "charts/SPS",
                           "time/fps",
                           "time/total_timesteps",
                           "rollout/ep_len_mean",
                           "train/clip_fraction",
                           "train/n_updates",
                           "train/explained_variance",
                           "train/approx_kl",
                           "epoch_accuracy"};
  const Texts home_made{"gpu_mem",    "gpu_mem_gb",   "throughput",
                        "tokens/s",   "it/s",         "img/sec",
                        "lr",         "lr/head",      "encoder_lr",
                        "time",       "iter_time",    "batch_time",
                        "elapsed_s",  "mfu",          "max_memory_allocated",
                        "num_layers", "weight_decay", "top5_acc",
                        "acc1",       "mAP",          "r2",
                        "f1_score",   "tokens_seen",  "weight_norm/fc1",
                        "param_norm", "cudaMemory",   "wall_clock_time",
                        "batch_size"};
  for (const Texts& names :
       {weights_and_biases, lightning, hugging_face, tensor_board, home_made}) {
    EXPECT_EQ(chosen_of(names), Texts{});
  }
}

TEST(NormNames, ALayerMayBeNamedAfterWhatTrackersLog) {
  const Texts layers{"fc1",       "layer_a",  "wte",         "ln_f",           "conv2d_3",
                     "encoder",   "time_mlp", "memory_attn", "score_head",     "cls_token",
                     "Value",     "norm",     "total_norm",  "step_embedding", "attn.norm",
                     "pos_embed", "fc1/norm", "rank.lora1"};
  EXPECT_EQ(chosen_of(layers), layers);
  EXPECT_EQ(chosen_of({"gpu.weight", "lr/kernel"}).size(), 2U) << "a parameter by its ending";
}

TEST(NormNames, ALossOrPenaltyNamedAfterGradientsIsNoNorm) {
  EXPECT_EQ(chosen_of({"train/policy_gradient_loss", "gradient_penalty", "fc1"}), Texts{"fc1"});
}

TEST(NormNames, StepsAreRanked) {
  EXPECT_EQ(step_rank("step"), 0);
  EXPECT_EQ(step_rank("Step"), 0);
  EXPECT_LT(step_rank("_step"), step_rank("trainer/global_step"));
  EXPECT_LT(step_rank("global_step"), step_rank("epoch"));
  EXPECT_FALSE(step_rank("steps").has_value());
  EXPECT_FALSE(step_rank("footstep.weight").has_value());
}

TEST(NormNames, TheLossIsThatOfTraining) {
  for (const char* name : {"loss", "train/loss", "Train Loss", "train_loss", "run-1 - loss"}) {
    EXPECT_TRUE(is_loss_name(name)) << name;
  }
  for (const char* name : {"val_loss", "eval/loss", "test_loss", "kl_loss", "lossy"}) {
    EXPECT_FALSE(is_loss_name(name)) << name;
  }
}

TEST(NormNames, TheNormOfAllGradientsIsToldFromThoseOfTensors) {
  EXPECT_EQ(total_of({"gradients/w", "run-1 - train/grad_norm"}), "run-1 - train/grad_norm");
  EXPECT_EQ(total_of({"run-1 - grad_norm", "run-1 - gradients/w"}), "run-1 - grad_norm");
  EXPECT_EQ(total_of({"grad_2.0_norm_total", "grad_2.0_norm/w"}), "grad_2.0_norm_total");
  EXPECT_EQ(total_of({"grad_norm"}), "none") << "nothing else is there";
  EXPECT_EQ(total_of({"fc1/grad_norm", "fc2/grad_norm"}), "none") << "each is a layer's";
  EXPECT_EQ(total_of({"train/grad_norm", "grad_norm"}), "none") << "which of the two";
}

TEST(NormNames, TheNameOfTheRunIsWhatAllShare) {
  const std::vector<std::string_view> one{"run-1 - a", "run-1 - b/c"};
  const std::vector<std::string_view> two{"run-1 - a", "run-2 - a"};
  const std::vector<std::string_view> none{"a-b", "a-c"};
  EXPECT_EQ(run_prefix(one), "run-1 - ");
  EXPECT_EQ(run_prefix(two), "");
  EXPECT_EQ(run_prefix(none), "");
  EXPECT_EQ(run_prefix({}), "");
}

}  // namespace
}  // namespace gradvitals::test

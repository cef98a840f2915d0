#include "monitor/report/tensorboard/tensorboard_about.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "monitor/report/tensorboard/event_markdown.h"

namespace gradvitals {
namespace {

struct TagAbout {
  std::string_view tag;  ///< A tag, or the group of one.
  std::string_view about;
};

constexpr std::string_view kHistogramAbout =
    "How many elements have which magnitude: the horizontal axis is log2 |x|, so -20 is one in a "
    "million and "
    "0 is 1. The bin at -46 holds everything below 2^-44 = 6e-14, the one at 16 everything from "
    "65536 on, "
    "which float16 cannot hold. Zeros, NaN and Inf are in none: see gradient_zeros and "
    "gradient_nonfinite. A "
    "tensor of zeros alone has no histogram.";

constexpr std::array kTagAbouts = {
    TagAbout{"training/gradient_norm", "L2 norm of all gradients together."},
    TagAbout{"training/clip_scale", "What the gradients of the step were multiplied by."},
    TagAbout{"training/skipped", "1 where the update of the step was not applied."},
    TagAbout{"training/gradient_cosine",
             "Cosine of the gradients of this step and of the one before: 1 where both point the "
             "same way."},
    TagAbout{"training/noise_scale",
             "Simple gradient noise scale, in samples: far smaller batches lose nothing by being "
             "small, far "
             "larger ones gain nothing by being large."},
    TagAbout{"vital_signs/norm_range",
             "Blood pressure: largest over smallest norm of the gradients."},
    TagAbout{"vital_signs/stability",
             "Heart rate: spread of log10 of the norm of all gradients over the last steps, in "
             "decades."},
    TagAbout{"vital_signs/update_ratio",
             "Temperature: norm of the update over norm of the weight, of the kernel that moves "
             "most; median "
             "of the last steps. About 0.001 is usual."},
    TagAbout{"vital_signs/backward_factor",
             "Oxygen, B: norm of the gradient at the first hidden layer over that at the last. Far "
             "below 1 the "
             "gradient vanishes on its way, far above it explodes."},
    TagAbout{"vital_signs/factor_per_layer",
             "How much of the gradient's norm one layer hands on: 1 keeps it."},
    TagAbout{"vital_signs/backward_gain",
             "The same of its root mean square, where there are three hidden layers."},
    TagAbout{
        "vital_signs/block_factor",
        "Norm of the gradient in the first block over that in the last, where blocks are alike."},
    TagAbout{"vital_signs/forward_gain",
             "How much of the activations' magnitude one layer hands on: 1 keeps it."},
    TagAbout{"vital_signs/gradient_spread",
             "S: smallest gradient beside its weight over the largest, of the hidden layers. 1 is "
             "even."},
    TagAbout{"vital_signs/dead_fraction",
             "Units whose output is 0 for every sample, of the worst layer."},
    TagAbout{"vital_signs/saturation_fraction",
             "Activations at the limits of sigmoid or tanh, of the worst layer."},
    TagAbout{"update_ratio",
             "Norm of the last update over norm of the weight. About 0.001 is usual of a kernel; a "
             "bias that "
             "begins at 0 has more."},
    TagAbout{"gradient_zeros", "Share of the elements that are exactly 0."},
    TagAbout{"gradient_nonfinite", "Elements that are NaN or infinite."},
    TagAbout{"gradient_histogram", kHistogramAbout},
    TagAbout{"weight_histogram", kHistogramAbout},
};

constexpr std::string_view kGroups =
    "What is here:\n\n"
    "| group | what it shows |\n"
    "|---|---|\n"
    "| training | loss, norm of all gradients and learning rate, in every step |\n"
    "| vital\\_signs | the vital signs, at each check-up; each chart says what it is |\n"
    "| gradient\\_norm, weight\\_norm | L2 norms, tensor by tensor |\n"
    "| update\\_ratio | norm of an update over norm of its weight |\n"
    "| gradient\\_zeros | share of the elements of a gradient that are exactly 0 |\n"
    "| gradient\\_nonfinite | NaN and Inf in a gradient, from the first one on; none, where it "
    "never had any |\n"
    "| findings | what began, grew worse or ended, by rule, at the step that told |\n";

constexpr std::string_view kHistogramGroup =
    "| gradient\\_histogram, weight\\_histogram | at check-ups: elements by log2 of their "
    "magnitude |\n";

constexpr std::string_view kLeftOut =
    "\nA curve or histogram that ends has no value there: a parameter without gradient, a tensor "
    "of zeros "
    "alone. Values are float32, as TensorBoard keeps them. NaN is drawn as a triangle.\n\n"
    "Of single tensors, the first {} steps are here, then every 10th up to step {}, every 100th up "
    "to "
    "ten times that, and so on; and the steps in which something began or ended.{} TensorBoard "
    "keeps a sample "
    "of long curves, and 10 texts of a rule; `--samples_per_plugin scalars=100000,text=1000` keeps "
    "more.\n";

}  // namespace

std::string about_markdown(const TensorBoardOptions& options) {
  std::string markdown =
      fmt::format("**{}**, watched by gradvitals\n\n", plain_markdown(options.run));
  if (!options.settings.empty()) {
    markdown += "| setting | value |\n|---|---|\n";
    for (const auto& [name, value] : options.settings) {
      markdown += fmt::format("| {} | {} |\n", plain_markdown(name), plain_markdown(value));
    }
    markdown += '\n';
  }
  markdown += kGroups;
  if (options.has_histograms) markdown += kHistogramGroup;
  const std::string checkups =
      options.has_histograms
          ? fmt::format(
                " Histograms likewise: of the first {} check-ups, then "
                "every 10th up to {}, and so on.",
                TensorBoardRun::kDenseCheckups, 10 * TensorBoardRun::kDenseCheckups)
          : "";
  return markdown + fmt::format(kLeftOut, TensorBoardRun::kDenseSteps,
                                10 * TensorBoardRun::kDenseSteps, checkups);
}

std::string_view about_tag(std::string_view tag) {
  const auto find = [](std::string_view wanted) {
    return std::ranges::find(kTagAbouts, wanted, &TagAbout::tag);
  };
  auto found = find(tag);
  if (found == kTagAbouts.end()) found = find(tag.substr(0, tag.find('/')));
  return found == kTagAbouts.end() ? std::string_view{} : found->about;
}

}  // namespace gradvitals

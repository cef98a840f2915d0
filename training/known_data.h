// The data sets that Debian packages, as they lie on the disk. Internal.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "framework/io/dataset.h"
#include "training/training_data.h"

namespace gradvitals {

struct KnownData {
  std::string_view name;
  std::string_view package;  ///< Debian's.
  std::string_view folder;   ///< Where it has them.
  std::string_view data;     ///< Files in it.
  std::string_view target;   ///< A file as well, or the index of a column.
  TargetForm form;
  std::string_view
      test_data{};  ///< Samples of their own to be held out; empty where there are none.
  std::string_view test_target{};
};

inline constexpr std::array kKnownData = {
    // Alpaydin and Kaynak 1998: 1,797 images of 8 x 8.
    KnownData{.name = "digits",
              .package = "python3-sklearn",
              .folder = "/usr/lib/python3/dist-packages/sklearn/datasets/data",
              .data = "digits.csv.gz",
              .target = "-1",
              .form = TargetForm::kClasses},
    // Efron, Hastie, Johnstone, Tibshirani 2004: 442 patients, 10 features.
    KnownData{.name = "diabetes",
              .package = "python3-sklearn",
              .folder = "/usr/lib/python3/dist-packages/sklearn/datasets/data",
              .data = "diabetes_data_raw.csv.gz",
              .target = "diabetes_target.csv.gz",
              .form = TargetForm::kStandardized},
    // Xiao, Rasul, Vollgraf 2017: 60,000 and 10,000 images of 28 x 28.
    KnownData{.name = "fashion-mnist",
              .package = "dataset-fashion-mnist",
              .folder = "/usr/share/datasets/fashion-mnist",
              .data = "train-images-idx3-ubyte.gz",
              .target = "train-labels-idx1-ubyte.gz",
              .form = TargetForm::kClasses,
              .test_data = "t10k-images-idx3-ubyte.gz",
              .test_target = "t10k-labels-idx1-ubyte.gz"},
};

/// Null where no known data set has this name.
const KnownData* find_known_data(std::string_view name);

struct KnownSamples {
  Dataset training;
  std::optional<Dataset> test;
};

/// Throws InputError naming the first file that is missing, and what to install.
KnownSamples load_known_data(const KnownData& known, const std::string& folder);

}  // namespace gradvitals

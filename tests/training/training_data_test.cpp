// Contract: training/training_data.h. Oracle: files written here, scaled by hand.
#include "training/training_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>
#include <set>
#include <sstream>

#include "framework/io/safetensors.h"
#include "tests/framework/io/input_files.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tolerances.h"
#include "tests/training/training_fixtures.h"

namespace gradvitals::test {
namespace {

using Floats = std::vector<float>;

constexpr const char* kFashionFolder = "/usr/share/datasets/fashion-mnist";

/// Fails the test unless the call is refused with all of the words.
template <class Call>
void expect_input_error(Call&& call, std::initializer_list<std::string_view> words) {
  const std::string message = refusal(call);
  for (const std::string_view word : words) {
    EXPECT_NE(message.find(word), std::string::npos) << word << " is missing in: " << message;
  }
}

class TrainingDataTest : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& content) {
    std::ofstream(folder_.file(name), std::ios::binary) << content;
    return folder_.file(name);
  }

  TemporaryFolder folder_;
};

double column_mean(const Floats& values, std::size_t column, std::size_t columns) {
  double sum = 0.0;
  std::size_t count = 0;
  for (std::size_t i = column; i < values.size(); i += columns, ++count) sum += double{values[i]};
  return sum / static_cast<double>(count);
}

double column_variance(const Floats& values, std::size_t column, std::size_t columns) {
  const double mean = column_mean(values, column, columns);
  double sum = 0.0;
  std::size_t count = 0;
  for (std::size_t i = column; i < values.size(); i += columns, ++count) {
    sum += (double{values[i]} - mean) * (double{values[i]} - mean);
  }
  return sum / static_cast<double>(count);
}

TEST_F(TrainingDataTest, FeaturesAndTargetsAreStandardisedByTheTrainingPart) {
  std::string csv = "a,b,t\n";
  for (int i = 0; i < 50; ++i) csv += std::to_string(i) + "," + std::to_string(i * i) + ",7\n";
  csv += "1000,5,9\n";
  const TrainingData data =
      load_training_data({.data = file("d.csv", csv), .target = "t", .validation_share = 0.2});
  EXPECT_EQ(data.features, 2);
  EXPECT_EQ(data.outputs, 1);
  EXPECT_EQ(data.training.rows, 41);
  EXPECT_EQ(data.validation.rows, 10);
  EXPECT_EQ(data.training.x.size(), 82U);
  EXPECT_EQ(data.validation.y.size(), 10U);
  // 82 roundings to float32, each of values of up to 10.
  const Tolerance rounding{.absolute = 1e-6, .relative = 0.0};
  for (const std::size_t column : {0, 1}) {
    expect_close(column_mean(data.training.x, column, 2), 0.0, rounding);
    expect_close(column_variance(data.training.x, column, 2), 1.0, rounding);
  }
}

TEST_F(TrainingDataTest, EverySampleIsOnOneSideAndTheSeedDecidesWhich) {
  Dataset dataset{.rows = 40, .features = 1, .outputs = 1, .x = {}, .y = {}};
  for (int i = 0; i < 40; ++i) {
    dataset.x.push_back(i);
    dataset.y.push_back(i);
  }
  const auto held_out = [&](std::uint64_t seed) {
    return make_training_data(
        dataset,
        {.data = "d", .form = TargetForm::kUnitRange, .validation_share = 0.25, .seed = seed});
  };
  const TrainingData data = held_out(1);
  EXPECT_EQ(data.training.rows, 30);
  EXPECT_EQ(data.validation.rows, 10);
  std::set<float> all(data.training.x.begin(), data.training.x.end());
  all.insert(data.validation.x.begin(), data.validation.x.end());
  EXPECT_EQ(all.size(), 40U);
  EXPECT_EQ(held_out(1).validation.x, data.validation.x);
  EXPECT_NE(held_out(2).validation.y, data.validation.y);
}

TEST_F(TrainingDataTest, SourceRowsSayWhereEachSampleStandsInItsFile) {
  Dataset dataset{.rows = 40, .features = 1, .outputs = 1, .x = {}, .y = {}};
  for (int i = 0; i < 40; ++i) {
    dataset.x.push_back(i);
    dataset.y.push_back(i / 39.0);
  }
  const TrainingData data = make_training_data(
      dataset, {.data = "d", .form = TargetForm::kProbabilities, .validation_share = 0.25});
  std::set<std::int64_t> all;
  for (const Samples* const samples : {&data.training, &data.validation}) {
    ASSERT_EQ(std::ssize(samples->source_rows), samples->rows);
    for (std::size_t i = 0; i < samples->source_rows.size(); ++i) {
      const std::int64_t row = samples->source_rows[i];
      EXPECT_EQ(samples->y[i], static_cast<float>(static_cast<double>(row) / 39.0));
      all.insert(row);
    }
  }
  EXPECT_EQ(all.size(), 40U);
}

TEST_F(TrainingDataTest, AFeatureThatDoesNotVaryBecomesZero) {
  const TrainingData data = make_training_data(
      {.rows = 3, .features = 2, .outputs = 1, .x = {0.1, 1, 0.1, 2, 0.1, 3}, .y = {1, 2, 3}},
      {.data = "d", .validation_share = 0.0});
  for (const std::size_t row : {0, 1, 2}) EXPECT_EQ(data.training.x[2 * row], 0.0F);
  EXPECT_EQ(data.validation.rows, 0);
}

TEST_F(TrainingDataTest, TheLargestNumbersAreScaledAsWell) {
  const double huge = std::numeric_limits<double>::max();
  const TrainingData data =
      make_training_data({.rows = 2, .features = 1, .outputs = 1, .x = {-huge, huge}, .y = {1, 2}},
                         {.data = "d", .validation_share = 0.0});
  EXPECT_EQ(data.training.x, (Floats{-1.0F, 1.0F}));
}

TEST_F(TrainingDataTest, UnitRangeIsThatOfTheTrainingPart) {
  const TrainingData data =
      make_training_data({.rows = 3, .features = 1, .outputs = 1, .x = {1, 2, 3}, .y = {5, 10, 7}},
                         {.data = "d", .form = TargetForm::kUnitRange, .validation_share = 0.0});
  EXPECT_EQ(data.training.y, (Floats{0.0F, 1.0F, 0.4F}));
}

TEST_F(TrainingDataTest, ClassIndicesBecomeOneHotRows) {
  const TrainingData data =
      make_training_data({.rows = 3, .features = 1, .outputs = 1, .x = {1, 2, 3}, .y = {2, 0, 1}},
                         {.data = "d", .form = TargetForm::kClasses, .validation_share = 0.0});
  EXPECT_EQ(data.outputs, 3);
  EXPECT_EQ(data.training.y, (Floats{0, 0, 1, 1, 0, 0, 0, 1, 0}));
}

TEST_F(TrainingDataTest, NamesBecomeOneHotRowsInTheirOrder) {
  const std::string path = file("t.csv", "a,kind\n1,oak\n2,ash\n3,oak\n5,ash\n");
  const TrainingDataRequest request = {.data = path, .target = "kind", .validation_share = 0.0};
  const TrainingData data = load_training_data(request);
  EXPECT_EQ(data.form, TargetForm::kClasses);
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"ash", "oak"}));
  EXPECT_EQ(data.training.y, (Floats{0, 1, 1, 0, 0, 1, 1, 0}));
  EXPECT_NE(data.description.find("2 targets: classes, ash and oak"), std::string::npos);
  TrainingDataRequest odds = request;
  odds.form = TargetForm::kProbabilities;
  EXPECT_EQ(load_training_data(odds).training.y, (Floats{1, 0, 1, 0}));
  TrainingDataRequest numbers = request;
  numbers.form = TargetForm::kStandardized;
  expect_input_error([&] { load_training_data(numbers); },
                     {path, "names of classes (ash and oak)", "--loss cross_entropy"});
}

TEST_F(TrainingDataTest, FewWholeTargetsAreKnownByTheirValues) {
  const auto whole = [&](const std::string& rows) {
    return load_training_data({.data = file("t.csv", "a,y\n" + rows), .target = "y"}).whole_targets;
  };
  EXPECT_EQ(whole("1,3\n2,-1\n3,3\n4,0\n"), (std::vector<double>{-1, 0, 3}));
  EXPECT_TRUE(whole("1,3\n2,0.5\n3,3\n").empty());
  std::string eleven;
  for (int i = 0; i < 11; ++i) eleven += std::to_string(i) + "," + std::to_string(i) + "\n";
  EXPECT_TRUE(whole(eleven).empty());
}

TEST_F(TrainingDataTest, RowsOfProbabilitiesAreClassesAlready) {
  const Dataset dataset{
      .rows = 2, .features = 1, .outputs = 2, .x = {1, 2}, .y = {0.25, 0.75, 1, 0}};
  const TrainingDataRequest request{
      .data = "d", .form = TargetForm::kClasses, .validation_share = 0.0};
  EXPECT_EQ(make_training_data(dataset, request).training.y, (Floats{0.25F, 0.75F, 1, 0}));
  Dataset wrong = dataset;
  wrong.y[3] = 0.5;
  expect_input_error([&] { make_training_data(wrong, request); }, {"d", "row 2", "add up to 1"});
}

TEST_F(TrainingDataTest, RefusesTargetsThatAreNoClasses) {
  const auto with = [](double target) {
    return [target] {
      make_training_data(
          {.rows = 3, .features = 1, .outputs = 1, .x = {1, 2, 3}, .y = {0, target, 1}},
          {.data = "d.csv", .form = TargetForm::kClasses});
    };
  };
  expect_input_error(with(0.5), {"d.csv", "row 2", "0.5", "whole numbers"});
  expect_input_error(with(-1), {"d.csv", "row 2", "-1"});
  expect_input_error(with(3), {"d.csv", "row 2", "3", "no more classes"});
  expect_input_error(
      [] {
        make_training_data({.rows = 2, .features = 1, .outputs = 1, .x = {1, 2}, .y = {0, 0}},
                           {.data = "d.csv", .form = TargetForm::kClasses});
      },
      {"d.csv", "class 0"});
}

TEST_F(TrainingDataTest, RefusesTargetsThatAreNoProbabilities) {
  expect_input_error(
      [] {
        make_training_data({.rows = 3, .features = 1, .outputs = 1, .x = {1, 2, 3}, .y = {0, 1, 2}},
                           {.data = "d.csv", .form = TargetForm::kProbabilities});
      },
      {"d.csv", "row 3", "2", "[0, 1]"});
}

TEST_F(TrainingDataTest, NamesTheRowAndTheColumnOfWhatIsNotFinite) {
  const std::string csv = file("d.csv", "age,size,t\n1,2,3\n4,nan,6\n7,8,9\n");
  expect_input_error([&] { load_training_data({.data = csv, .target = "t"}); },
                     {"d.csv", "row 2", "\"size\"", "nan"});
  expect_input_error([&] { load_training_data({.data = csv, .target = "size"}); },
                     {"d.csv", "row 2", "target", "nan"});
  const std::string plain = file("p.csv", "1,2,3\n4,5,6\n7,inf,9\n");
  expect_input_error([&] { load_training_data({.data = plain, .target = "0"}); },
                     {"p.csv", "row 3", "feature 1", "inf"});
}

TEST_F(TrainingDataTest, RefusesTextWhereNumbersAreNeeded) {
  const std::string csv = file("iris.csv", "kind,y\nsetosa,1\nvirginica,2\n");
  expect_input_error([&] { load_training_data({.data = csv, .target = "y"}); },
                     {"iris.csv", "\"setosa\"", "not a number"});
}

TEST_F(TrainingDataTest, RefusesTooFewSamplesAndAWrongShare) {
  const Dataset two{.rows = 2, .features = 1, .outputs = 1, .x = {1, 2}, .y = {1, 2}};
  expect_input_error([&] { make_training_data(two, {.data = "d", .validation_share = 0.5}); },
                     {"d", "1 samples are left", "of 2"});
  expect_invalid([&] { make_training_data(two, {.data = "d", .validation_share = 1.0}); },
                 {"validation_share", "1"});
  expect_invalid([&] { make_training_data(two, {.data = "d", .validation_share = std::nan("")}); },
                 {"validation_share", "nan"});
}

TEST_F(TrainingDataTest, ArraysOfASafetensorsFileNeedNoTarget) {
  const Floats x = {1, 2, 3, 4, 5, 6};
  const Floats y = {0, 1, 0};
  const auto entry = [](const char* name, std::vector<std::int64_t> shape, const Floats& values) {
    return SafetensorsEntry{.name = name,
                            .shape = std::move(shape),
                            .count = std::ssize(values),
                            .bytes = std::as_bytes(std::span(values))};
  };
  std::ostringstream out;
  write_safetensors(out, std::vector{entry("x", {3, 2}, x), entry("y", {3}, y)});
  const std::string path = file("d.safetensors", out.str());
  const TrainingData data =
      load_training_data({.data = path, .form = TargetForm::kClasses, .validation_share = 0.0});
  EXPECT_EQ(data.features, 2);
  EXPECT_EQ(data.outputs, 2);
  EXPECT_EQ(data.training.y, (Floats{1, 0, 0, 1, 1, 0}));
  expect_input_error([&] { load_training_data({.data = path, .target = "y"}); },
                     {"d.safetensors", "holds x and y"});
}

TEST_F(TrainingDataTest, ATableNeedsATarget) {
  const std::string csv = file("d.csv", "1,2\n3,4\n");
  expect_input_error([&] { load_training_data({.data = csv}); }, {"d.csv", "target is needed"});
}

TEST_F(TrainingDataTest, PixelsShareOneMeanAndVariance) {
  // Two images of 1 x 2 unsigned bytes: 0, 10 and 20, 30: mean 15, variance 125.
  const std::string images("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\x0a\x14\x1e", 20);
  const std::string labels("\0\0\x08\x01\0\0\0\x02\0\1", 10);
  const TrainingData data = load_training_data({.data = file("images", images),
                                                .target = file("labels", labels),
                                                .form = TargetForm::kClasses,
                                                .validation_share = 0.0});
  const double deviation = std::sqrt(125.0);
  const std::vector<double> expected = {-15 / deviation, -5 / deviation, 5 / deviation,
                                        15 / deviation};
  expect_close(data.training.x, expected, ulps<float>(1));
}

TEST_F(TrainingDataTest, AKnownSetThatIsMissingSaysWhatToInstall) {
  const auto from_nowhere = [&](const char* name) {
    return [this, name] { load_training_data({.data = name, .folder = folder_.path()}); };
  };
  expect_input_error(from_nowhere("digits"), {"digits.csv.gz", "apt-get install python3-sklearn"});
  expect_input_error(from_nowhere("diabetes"),
                     {"diabetes_data_raw.csv.gz", "apt-get install python3-sklearn"});
  expect_input_error(from_nowhere("fashion-mnist"),
                     {"train-images-idx3-ubyte.gz", "apt-get install dataset-fashion-mnist"});
}

TEST(TrainingDataNames, AMisspelledNameIsToldFromAPath) {
  const auto message_of = [](const std::string& data) -> std::string {
    try {
      load_training_data({.data = data});
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message_of("digit"),
            "digit: is neither a file nor one of digits, diabetes, fashion-mnist; did you mean "
            "digits?");
  EXPECT_NE(message_of("./digit").find("cannot open"), std::string::npos);
  EXPECT_NE(message_of("digit.csv").find("cannot open"), std::string::npos);
}

TEST_F(TrainingDataTest, AKnownSetHasItsOwnTarget) {
  expect_invalid([] { load_training_data({.data = "digits", .target = "3"}); },
                 {"digits", "\"3\""});
  EXPECT_EQ(known_data_sets(), "digits, diabetes, fashion-mnist");
}

TEST_F(TrainingDataTest, DigitsAreTenClassesOf64Features) {
  if (!has_digits()) GTEST_SKIP() << "no digits: apt-get install python3-sklearn";
  const TrainingData data = load_training_data({.data = "digits"});
  EXPECT_EQ(data.features, 64);
  EXPECT_EQ(data.outputs, 10);
  EXPECT_EQ(data.training.rows + data.validation.rows, 1797);
  EXPECT_EQ(data.validation.rows, 179);
  EXPECT_EQ(
      data.description,
      "digits: 1618 samples to train on, 179 held out; 64 features, standardised; 10 targets: "
      "classes");
}

TEST_F(TrainingDataTest, DiabetesIsANumberOfTenFeatures) {
  if (!has_digits()) GTEST_SKIP() << "no diabetes: apt-get install python3-sklearn";
  const TrainingData data = load_training_data({.data = "diabetes"});
  EXPECT_EQ(data.features, 10);
  EXPECT_EQ(data.outputs, 1);
  EXPECT_EQ(data.training.rows + data.validation.rows, 442);
  expect_close(column_variance(data.training.y, 0, 1), 1.0, Tolerance{.absolute = 1e-6});
}

TEST_F(TrainingDataTest, FashionMnistHasItsOwnTestSet) {
  if (!std::filesystem::exists(kFashionFolder)) {
    GTEST_SKIP() << "no fashion-mnist: apt-get install dataset-fashion-mnist";
  }
  const TrainingData data = load_training_data({.data = "fashion-mnist"});
  EXPECT_EQ(data.features, 784);
  EXPECT_EQ(data.outputs, 10);
  EXPECT_EQ(data.training.rows, 60000);
  EXPECT_EQ(data.validation.rows, 10000);
  const double mean = std::accumulate(data.training.x.begin(), data.training.x.end(), 0.0);
  EXPECT_NEAR(mean / static_cast<double>(data.training.x.size()), 0.0, 1e-6);
}

TEST_F(TrainingDataTest, LossAndHeadDecideTheForm) {
  using enum TargetForm;
  EXPECT_EQ(target_form(LossKind::kSoftmaxCrossEntropy, Activation::kLinear), kClasses);
  EXPECT_EQ(target_form(LossKind::kBinaryCrossEntropy, Activation::kSigmoid), kProbabilities);
  EXPECT_EQ(target_form(LossKind::kMse, Activation::kSigmoid), kUnitRange);
  EXPECT_EQ(target_form(LossKind::kMse, Activation::kLinear), kStandardized);
}

}  // namespace
}  // namespace gradvitals::test

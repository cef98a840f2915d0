// Contracts under test: framework/io/dataset.h and framework/io/inflated_file.h.
// Oracle: files written here; for compressed ones, zlib's own writer.
#include "framework/io/dataset.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cmath>
#include <limits>

#include "framework/io/inflated_file.h"
#include "tests/framework/io/input_files.h"
#include "tests/support/expect_close.h"
#include "tests/support/tolerances.h"

namespace gradvitals::test {
namespace {

using Values = std::vector<double>;

/// The gzip form of `text`.
std::string gzipped(const std::string& text) {
  const TemporaryFile file("", ".gz");
  const gzFile out = gzopen(file.path().c_str(), "wb");
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  std::ifstream in(file.path(), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Dataset, TheTargetIsAColumnByName) {
  const TemporaryFile data("a,b,c\n1,2,3\n4,5,6\n", ".csv");
  const Dataset dataset = load_dataset(data.path(), "b");
  EXPECT_EQ(dataset.rows, 2);
  EXPECT_EQ(dataset.features, 2);
  EXPECT_EQ(dataset.outputs, 1);
  EXPECT_EQ(dataset.x, (Values{1, 3, 4, 6}));
  EXPECT_EQ(dataset.y, (Values{2, 5}));
}

TEST(Dataset, TheTargetIsAColumnByIndexFromEitherEnd) {
  const TemporaryFile data("1,2,3\n4,5,6\n");
  EXPECT_EQ(load_dataset(data.path(), "0").y, (Values{1, 4}));
  EXPECT_EQ(load_dataset(data.path(), "2").y, (Values{3, 6}));
  EXPECT_EQ(load_dataset(data.path(), "-1").y, (Values{3, 6}));
  EXPECT_EQ(load_dataset(data.path(), "-3").x, (Values{2, 3, 5, 6}));
}

TEST(Dataset, TheTargetIsASecondFile) {
  const TemporaryFile data("1 2\n3 4\n");
  const TemporaryFile target(gzipped("t,u\n5,6\n7,8\n"));
  const Dataset dataset = load_dataset(data.path(), target.path());
  EXPECT_EQ(dataset.features, 2);
  EXPECT_EQ(dataset.outputs, 2);
  EXPECT_EQ(dataset.x, (Values{1, 2, 3, 4}));
  EXPECT_EQ(dataset.y, (Values{5, 6, 7, 8}));
}

TEST(Dataset, FeaturesHaveTheNamesOfTheirColumns) {
  const TemporaryFile data("a,b,c\n1,2,3\n4,5,6\n", ".csv");
  EXPECT_EQ(load_dataset(data.path(), "b").feature_names, (std::vector<std::string>{"a", "c"}));
  const TemporaryFile plain("1,2,3\n4,5,6\n", ".csv");
  EXPECT_TRUE(load_dataset(plain.path(), "0").feature_names.empty());
  EXPECT_EQ(load_dataset(data.path(), plain.path()).feature_names.size(), 3U);
}

TEST(Dataset, UnsignedBytesOfIdxArePixels) {
  const TemporaryFile target("0\n1\n");
  const auto has_pixels = [&](const std::string& content) {
    const TemporaryFile data(content);
    return load_dataset(data.path(), target.path()).has_pixels;
  };
  EXPECT_TRUE(has_pixels(std::string("\0\0\x08\x02\0\0\0\x02\0\0\0\x01\1\2", 14)));
  EXPECT_FALSE(has_pixels(std::string("\0\0\x09\x02\0\0\0\x02\0\0\0\x01\1\2", 14)));
  EXPECT_FALSE(has_pixels("1,2\n3,4\n"));
}

TEST(Dataset, ArraysOfOneFileAreSamplesAndTargets) {
  const std::string x = raw(std::array{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F, 8.0F});
  const std::string y = raw(std::array{0.5F, 1.5F});
  const TemporaryFile data(
      safetensors_bytes(R"({"x":{"dtype":"F32","shape":[2,2,2],"data_offsets":[0,32]},)"
                        R"("y":{"dtype":"F32","shape":[2],"data_offsets":[32,40]}})",
                        x + y));
  const Dataset dataset = load_dataset(data.path());
  EXPECT_EQ(dataset.rows, 2);
  EXPECT_EQ(dataset.features, 4);
  EXPECT_EQ(dataset.outputs, 1);
  EXPECT_EQ(dataset.x, (Values{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(dataset.y, (Values{0.5, 1.5}));
  EXPECT_NE(refusal([&] { load_dataset(data.path(), "y"); }).find("holds x and y"),
            std::string::npos);
}

TEST(Dataset, ArraysThatAreNoSamplesAreRefused) {
  const auto refused = [](const char* x, const char* y) {
    const TemporaryFile data(
        safetensors_bytes(std::string(R"({"x":{"dtype":"F32","shape":)") + x +
                              R"(,"data_offsets":[0,16]},"y":{"dtype":"F32","shape":)" + y +
                              R"(,"data_offsets":[16,24]}})",
                          std::string(24, '\0')));
    EXPECT_NE(refusal([&] { load_dataset(data.path()); }).find("no samples"), std::string::npos);
  };
  refused("[4]", "[2]");
  refused("[2,2]", "[1,2]");
  refused("[2,2]", "[2,1,1]");
  const TemporaryFile table("1,2\n3,4\n");
  EXPECT_NE(refusal([&] { load_dataset(table.path()); }).find("target is needed"),
            std::string::npos);
}

TEST(Dataset, ImagesAndLabelsAreIdxFiles) {
  const std::string images("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02\1\2\3\4", 20);
  const std::string labels("\0\0\x08\x01\0\0\0\x02\7\x08", 10);
  const TemporaryFile data(gzipped(images));
  const TemporaryFile target(labels);
  const Dataset dataset = load_dataset(data.path(), target.path());
  EXPECT_EQ(dataset.features, 2);
  EXPECT_EQ(dataset.x, (Values{1, 2, 3, 4}));
  EXPECT_EQ(dataset.y, (Values{7, 8}));
}

TEST(Dataset, ATargetThatIsNowhereIsRefused) {
  const TemporaryFile data("a,b,b\n1,2,3\n4,5,6\n");
  const auto message = [&](const std::string& target) {
    const std::string whole = refusal([&] { load_dataset(data.path(), target); });
    return whole.substr(std::min(whole.size(), data.path().size()));
  };
  EXPECT_EQ(message("c"), ": target \"c\" is neither a column nor a file");
  EXPECT_EQ(message(""), ": target \"\" is neither a column nor a file");
  EXPECT_EQ(message("b"), ": 2 columns are named \"b\"");
  EXPECT_EQ(message("3"), ": target 3: there are 3 columns");
  EXPECT_EQ(message("-4"), ": target -4: there are 3 columns");
  EXPECT_EQ(message("99999999999999999999"), ": target 99999999999999999999: there are 3 columns");
}

TEST(Dataset, FilesThatDoNotFitTogetherAreRefused) {
  const TemporaryFile data("1,2\n3,4\n");
  const TemporaryFile target("1\n2\n3\n");
  EXPECT_EQ(refusal([&] { load_dataset(data.path(), target.path()); }),
            target.path() + ": has 3 rows, " + data.path() + " has 2");
  EXPECT_EQ(refusal([&] { load_dataset(target.path(), "0"); }),
            target.path() + ": has one column: no feature is left beside the target");
  const TemporaryFile nothing(std::string("\0\0\x08\x02\0\0\0\0\0\0\0\x02", 12));
  EXPECT_EQ(refusal([&] { load_dataset(nothing.path(), "0"); }),
            nothing.path() + ": has no elements");
}

TEST(Dataset, StandardizedFeaturesHaveMeanZeroAndVarianceOne) {
  Dataset dataset{.rows = 4,
                  .features = 2,
                  .outputs = 1,
                  .x = {1e9 + 1, -3, 1e9 + 2, -3, 1e9 + 3, -3, 1e9 + 4, -3},
                  .y = {1, 2, 3, 4}};
  standardize_features(dataset);
  const double step = 1 / std::sqrt(1.25);  // Of 1, 2, 3, 4: mean 2.5, variance 1.25.
  const Values expected = {-1.5 * step, 0, -0.5 * step, 0, 0.5 * step, 0, 1.5 * step, 0};
  expect_close(dataset.x, expected, accumulated<double>(8, 1.5));
  EXPECT_EQ(dataset.y, (Values{1, 2, 3, 4}));
}

TEST(Dataset, RescaledTargetsSpanZeroToOne) {
  Dataset dataset{
      .rows = 3, .features = 1, .outputs = 2, .x = {5, 6, 7}, .y = {25, 7, 346, 7, 185.5, 7}};
  rescale_targets(dataset);
  EXPECT_EQ(dataset.y, (Values{0, 0, 1, 0, 0.5, 0}));
  EXPECT_EQ(dataset.x, (Values{5, 6, 7}));
}

TEST(Dataset, ScalingSurvivesTheLargestNumbers) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  Dataset dataset{.rows = 2,
                  .features = 1,
                  .outputs = 1,
                  .x = {-kLargest, kLargest},
                  .y = {-kLargest, kLargest}};
  standardize_features(dataset);
  rescale_targets(dataset);
  EXPECT_EQ(dataset.x, (Values{-1, 1}));
  EXPECT_EQ(dataset.y, (Values{0, 1}));
}

TEST(Dataset, ScalingLeavesNonFiniteValuesToTheDiagnosis) {
  const double nan = std::nan("");
  const double inf = std::numeric_limits<double>::infinity();
  Dataset dataset{
      .rows = 4, .features = 1, .outputs = 1, .x = {nan, 1, inf, 3}, .y = {nan, nan, nan, nan}};
  standardize_features(dataset);
  rescale_targets(dataset);
  EXPECT_TRUE(std::isnan(dataset.x[0]));
  EXPECT_EQ(dataset.x[1], -1);
  EXPECT_EQ(dataset.x[2], inf);
  EXPECT_EQ(dataset.x[3], 1);
  for (const double value : dataset.y) EXPECT_TRUE(std::isnan(value));
}

TEST(InflatedFile, ReadsPlainAndCompressedAlike) {
  const std::string text(3'000'000, 'x');
  EXPECT_EQ(read_inflated(TemporaryFile(text).path()), text);
  EXPECT_EQ(read_inflated(TemporaryFile(gzipped(text)).path()), text);
  EXPECT_EQ(read_inflated(TemporaryFile(gzipped("a") + gzipped("b")).path()), "ab");
  EXPECT_EQ(read_inflated(TemporaryFile("").path()), "");
}

TEST(InflatedFile, DamagedDataIsRefused) {
  const std::string whole = gzipped("1,2\n3,4\n");
  const TemporaryFile cut(whole.substr(0, whole.size() - 9));
  EXPECT_EQ(refusal([&] { read_inflated(cut.path()); }),
            cut.path() + ": the compressed data is cut short");
  std::string flipped = whole;
  flipped[whole.size() - 8] ^= 1;  // The checksum.
  const TemporaryFile damaged(flipped);
  EXPECT_EQ(refusal([&] { read_inflated(damaged.path()); }),
            damaged.path() + ": the compressed data is damaged: incorrect data check");
}

TEST(InflatedFile, ABombIsRefused) {
  constexpr std::int64_t kLimit = 1 << 20;
  const TemporaryFile at_the_limit(gzipped(std::string(kLimit, '0')));
  EXPECT_EQ(std::ssize(read_inflated(at_the_limit.path(), kLimit)), kLimit);
  const TemporaryFile bomb(gzipped(std::string(100 * kLimit, '0')));
  EXPECT_EQ(refusal([&] { read_inflated(bomb.path(), kLimit); }),
            bomb.path() + ": holds more than 1048576 bytes");
}

TEST(InflatedFile, AMissingFileAndADirectoryAreRefused) {
  const std::string folder = ::testing::TempDir();
  EXPECT_EQ(refusal([&] { read_inflated(folder); }), folder + ": is a directory");
  EXPECT_EQ(refusal([&] { read_inflated(folder + "gradvitals_no_such_file"); }),
            folder + "gradvitals_no_such_file: cannot open: No such file or directory");
}

}  // namespace
}  // namespace gradvitals::test

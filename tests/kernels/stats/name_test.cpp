// Contract: kernels/stats/name.h, and that a view owns its names. Oracle: std::string.
#include "kernels/stats/name.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <compare>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_set>

#include "kernels/stats/view.h"

namespace gradvitals {
namespace {

/// Longer than what a string holds without memory of its own.
constexpr std::string_view kLong = "transformer.layers.11.attention.query.weight";

TEST(Name, CopiesShareOneText) {
  const Name name(kLong);
  const Name copy = name;
  Name assigned;
  assigned = copy;
  EXPECT_EQ(&copy.text(), &name.text());
  EXPECT_EQ(&assigned.text(), &name.text());
  EXPECT_NE(&Name(kLong).text(), &name.text());
}

TEST(Name, OutlivesItsSourceAndTheCopyThatWasFirst) {
  auto source = std::make_unique<std::string>(kLong);
  auto first = std::make_unique<Name>(std::string_view(*source));
  source->assign(source->size(), '?');
  source.reset();
  const Name copy = *first;
  first.reset();
  EXPECT_EQ(copy.text(), kLong);
}

TEST(Name, AnEmptyOneIsMadeOfNothing) {
  EXPECT_TRUE(Name().empty());
  EXPECT_EQ(Name().text(), "");
  EXPECT_EQ(&Name("").text(), &Name().text());
  EXPECT_EQ(&Name(std::string()).text(), &Name().text());
  EXPECT_FALSE(Name("a").empty());
}

TEST(Name, ComparesByItsText) {
  const Name a("a"), same("a"), b("b");
  EXPECT_EQ(a, same);
  EXPECT_NE(a, b);
  EXPECT_LT(a, b);
  EXPECT_GT(b, Name());
  EXPECT_EQ(a <=> same, std::strong_ordering::equal);
  EXPECT_EQ(std::hash<Name>()(a), std::hash<Name>()(same));
  EXPECT_EQ(std::unordered_set<Name>({a, same, b}).size(), 2u);
}

TEST(Name, ComparesWithStringsOnEitherSide) {
  const Name name(kLong);
  EXPECT_EQ(name, kLong);
  EXPECT_EQ(kLong, name);
  EXPECT_EQ(name, std::string(kLong));
  EXPECT_NE(name, "transformer");
  EXPECT_LT("transformer", name);
  EXPECT_GT(name, std::string("a"));
}

TEST(Name, IsWrittenAsItsText) {
  const Name name("dense/kernel");
  std::ostringstream out;
  out << name << Name();
  EXPECT_EQ(out.str(), "dense/kernel");
  EXPECT_EQ(fmt::format("[{:>14}]", name), "[  dense/kernel]");
  EXPECT_EQ(std::string(name), "dense/kernel");
}

TEST(Name, OfAViewOutlivesTheStringsThatItWasFilledFrom) {
  auto name = std::make_unique<std::string>(kLong);
  auto model = std::make_unique<std::string>("a model of a long name, beside others");
  const TensorView view{.name = *name, .model = std::string_view(*model)};
  const TensorView copy = view;
  name->assign(name->size(), '?');
  name.reset();
  model.reset();
  EXPECT_EQ(view.name, kLong);
  EXPECT_EQ(view.model, "a model of a long name, beside others");
  EXPECT_EQ(&copy.name.text(), &view.name.text());
}

}  // namespace
}  // namespace gradvitals

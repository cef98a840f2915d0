// JsonWriter: what it writes reads back, and calls that would make no JSON are refused.
#include "monitor/report/json_writer.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace gradvitals::test {
namespace {

TEST(JsonWriter, WritesWhatADumpOfTheWholeWould) {
  JsonWriter out;
  out.open_object();
  out.member("a", Json::array({1, 2}));
  out.key("b");
  out.open_array();
  out.open_object();
  out.close();
  out.value("text");
  out.close();
  out.close();
  const std::string text = std::move(out).finish();
  EXPECT_EQ(text, Json::parse(text).dump(2) + '\n');
  EXPECT_EQ(Json::parse(text), Json::parse(R"({"a": [1, 2], "b": [{}, "text"]})"));
}

TEST(JsonWriter, CallsThatWouldMakeNoJsonAreRefused) {
  using Calls = std::function<void(JsonWriter&)>;
  const std::vector<std::pair<const char*, Calls>> cases = {
      {"nothing", [](JsonWriter&) {}},
      {"open", [](JsonWriter& out) { out.open_object(); }},
      {"closed twice",
       [](JsonWriter& out) {
         out.open_object();
         out.close();
         out.close();
       }},
      {"key at the top", [](JsonWriter& out) { out.key("a"); }},
      {"key in an array",
       [](JsonWriter& out) {
         out.open_array();
         out.member("a", 1);
         out.close();
       }},
      {"value without a key",
       [](JsonWriter& out) {
         out.open_object();
         out.value(1);
         out.close();
       }},
      {"key without a value",
       [](JsonWriter& out) {
         out.open_object();
         out.key("a");
         out.close();
       }},
      {"two keys",
       [](JsonWriter& out) {
         out.open_object();
         out.key("a");
         out.member("b", 1);
         out.close();
       }},
      {"two documents",
       [](JsonWriter& out) {
         out.value(1);
         out.value(2);
       }},
  };
  for (const auto& [name, calls] : cases) {
    EXPECT_THROW(
        {
          JsonWriter out;
          calls(out);
          std::move(out).finish();
        },
        std::logic_error)
        << name;
  }
}

}  // namespace
}  // namespace gradvitals::test

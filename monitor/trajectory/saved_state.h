// SavedObject: what a tracker saved of itself as JSON, read with suspicion. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

using StateJson = nlohmann::ordered_json;

/// To the bit; "NaN", "Infinity" and "-Infinity" stand for what JSON cannot write, null for none.
StateJson saved_number(double value);
StateJson saved_number(const std::optional<double>& value);

/// A JSON object all of whose entries are needed. What is missing, of another kind or out of range
/// throws std::invalid_argument naming it: "tracker state: memory.norms is missing".
class SavedObject {
 public:
  /// `path` is what messages call the object; empty for the outermost one. `value` must outlive this.
  SavedObject(const nlohmann::json& value, std::string path);

  SavedObject object(std::string_view key) const;
  static constexpr std::size_t kMany = std::numeric_limits<std::size_t>::max();
  std::vector<SavedObject> objects(std::string_view key, std::size_t most = kMany) const;

  bool is_none(std::string_view key) const;  ///< null
  bool flag(std::string_view key) const;
  std::string text(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;

  static constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  std::int64_t whole_number(std::string_view key, std::int64_t least = kLeast) const;
  /// null is none.
  std::optional<std::int64_t> optional_whole_number(std::string_view key) const;
  std::vector<std::int64_t> whole_numbers(std::string_view key) const;

  double finite_number(std::string_view key) const;
  std::vector<double> finite_numbers(std::string_view key, std::size_t most = kMany) const;
  /// Of any value; null is none.
  std::optional<double> optional_number(std::string_view key) const;
  std::vector<std::optional<double>> optional_numbers(std::string_view key) const;

  /// The enumerator, of 8 bits, that `name_of` calls so.
  template <class Enum, class NameOf>
  Enum named(std::string_view key, NameOf name_of) const {
    static_assert(sizeof(Enum) == 1);
    const std::string word = text(key);
    for (int i = 0; i <= std::numeric_limits<std::uint8_t>::max() && !word.empty(); ++i) {
      const auto value = static_cast<Enum>(i);
      if (name_of(value) == word) return value;
    }
    refuse(key, "is none of its words");
  }

  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;

 private:
  const nlohmann::json& at(std::string_view key) const;
  const nlohmann::json& list(std::string_view key, std::size_t most = kMany) const;
  std::string path_to(std::string_view key) const;

  const nlohmann::json* value_;
  std::string path_;
};

}  // namespace gradvitals

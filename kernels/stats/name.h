// Name: what a tensor is called, in one text that all copies share.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

namespace gradvitals {

/// A text that never changes. A copy owns it as well and makes no string, so that views, records and
/// metrics of a million steps hold the text that was made for the first; an empty one takes no memory.
/// Compares by its text, and two copies of one name without reading it.
class Name {
 public:
  Name() = default;
  Name(std::string text);
  Name(std::string_view text) : Name(std::string(text)) {}
  Name(const char* text) : Name(std::string(text)) {}

  /// The same object for every copy, as long as one of them lives.
  const std::string& text() const noexcept;
  /// As long as this or a copy lives.
  operator std::string_view() const noexcept { return text(); }
  bool empty() const noexcept { return text_ == nullptr; }

  friend bool operator==(const Name& a, const Name& b) noexcept {
    return a.text_ == b.text_ || a.text() == b.text();
  }
  friend std::strong_ordering operator<=>(const Name& a, const Name& b) noexcept {
    return a.text_ == b.text_ ? std::strong_ordering::equal : a.text() <=> b.text();
  }
  /// With literals, strings and their views, of which no name is made.
  template <class Text>
  requires(!std::same_as<Text, Name> &&
           std::convertible_to<const Text&, std::string_view>) friend bool
  operator==(const Name& a, const Text& b) {
    return std::string_view(a) == std::string_view(b);
  }
  template <class Text>
  requires(!std::same_as<Text, Name> &&
           std::convertible_to<const Text&, std::string_view>) friend std::strong_ordering
  operator<=>(const Name& a, const Text& b) {
    return std::string_view(a) <=> std::string_view(b);
  }

  friend std::ostream& operator<<(std::ostream& out, const Name& name);
  /// For fmt, from its version 10 on; the ones before it take what converts to a view.
  friend std::string_view format_as(const Name& name) noexcept { return name; }

 private:
  std::shared_ptr<const std::string> text_;  ///< Null for the empty text.
};

}  // namespace gradvitals

template <>
struct std::hash<gradvitals::Name> {
  std::size_t operator()(const gradvitals::Name& name) const noexcept {
    return std::hash<std::string_view>()(name);
  }
};

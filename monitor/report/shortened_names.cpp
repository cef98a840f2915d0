#include "monitor/report/shortened_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

constexpr std::string_view kCut = "…";

std::u32string code_points_of(std::string_view text) {
  std::u32string code_points;
  while (!text.empty()) code_points += take_code_point(text);
  return code_points;
}

std::string utf8_of(std::u32string_view code_points) {
  std::string text;
  for (const char32_t code_point : code_points) append_utf8(text, code_point);
  return text;
}

bool fits(std::string_view text, std::size_t limit) {
  return code_points_of(text).size() <= limit;
}

/// The path that JAX's keystr writes as "['params']['dense']['kernel']": "params/dense/kernel".
std::string without_brackets(const std::string& name) {
  if (!name.starts_with("['") || !name.ends_with("']")) return name;
  constexpr std::string_view kBetween = "']['";
  std::string path = name.substr(2, name.size() - 4);
  for (std::size_t at = path.find(kBetween); at != std::string::npos; at = path.find(kBetween)) {
    path.replace(at, kBetween.size(), "/");
  }
  return path;
}

/// A name as its parts, each with the separator before it, and which of them are shown.
struct Label {
  explicit Label(std::string_view name) {
    while (!name.empty()) {
      const std::size_t end = std::min(name.find_first_of("./", 1), name.size());
      parts.emplace_back(name.substr(0, end));
      name.remove_prefix(end);
    }
    is_shown.assign(parts.size(), true);
  }

  std::string text() const {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (!is_shown[i]) {
        if (!text.ends_with(kCut)) text += kCut;
        continue;
      }
      const bool begins = text.empty() || text.ends_with(kCut);
      const bool has_separator = parts[i].starts_with('.') || parts[i].starts_with('/');
      text += std::string_view(parts[i]).substr(begins && has_separator ? 1 : 0);
    }
    return text;
  }

  /// Whether the other name could be meant, too: it differs in nothing that is shown.
  bool could_be(const Label& other) const {
    if (other.parts.size() != parts.size()) return false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (is_shown[i] && parts[i] != other.parts[i]) return false;
    }
    return true;
  }

  std::vector<std::string> parts;
  std::vector<bool> is_shown;
};

/// How many parts all labels begin with; each keeps a part of its own.
std::size_t common_start(const std::vector<Label>& labels) {
  const auto is_common = [&labels](std::size_t place) {
    return std::ranges::all_of(labels, [&](const Label& label) {
      return label.parts.size() > place + 1 && label.parts[place] == labels.front().parts[place];
    });
  };
  std::size_t count = 0;
  while (is_common(count)) ++count;
  return count;
}

void drop_common_start(std::vector<Label>& labels) {
  const auto count = static_cast<std::ptrdiff_t>(common_start(labels));
  for (Label& label : labels) {
    label.parts.erase(label.parts.begin(), label.parts.begin() + count);
    label.is_shown.resize(label.parts.size());
  }
}

void drop_common_parts(std::vector<Label>& labels) {
  const auto reverse_all = [&labels] {
    for (Label& label : labels) std::ranges::reverse(label.parts);
  };
  drop_common_start(labels);
  reverse_all();
  drop_common_start(labels);
  reverse_all();
}

/// Hides parts until the label fits: those first that most names have.
void hide_parts(std::size_t place, std::vector<Label>& labels, std::size_t limit) {
  std::map<std::string_view, std::int64_t> names_with;
  for (const Label& label : labels) {
    for (const std::string& part : label.parts) ++names_with[part];
  }
  Label& label = labels[place];
  std::vector<std::size_t> order(label.parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t part) {
    return std::tuple(names_with[label.parts[part]], label.parts[part].size());
  });
  for (const std::size_t part : order) {
    const bool is_last = std::ranges::count(label.is_shown, true) == 1;
    if (is_last || fits(label.text(), limit)) return;
    label.is_shown[part] = false;
    const bool is_needed = std::ranges::any_of(labels, [&](const Label& other) {
      return &other != &label && other.parts != label.parts && label.could_be(other);
    });
    label.is_shown[part] = is_needed;
  }
}

/// Cut where no other name that is cut there looks the same, as near the middle as may be.
std::optional<std::string> cut_apart(const std::string& name, const std::vector<std::string>& names,
                                     std::size_t limit) {
  const std::u32string whole = code_points_of(name);
  const auto cut_after = [limit](std::u32string text, std::size_t head) {
    if (text.size() > limit) text.replace(head, text.size() - limit + 1, 1, U'…');
    return text;
  };
  for (std::size_t step = 0; step < 2 * limit; ++step) {
    const std::size_t shift = (step + 1) / 2;
    if (shift > limit / 2) break;
    const std::size_t head = step % 2 == 0 ? limit / 2 - shift : limit / 2 + shift;
    if (head >= limit) continue;
    const std::u32string label = cut_after(whole, head);
    const bool is_shared = std::ranges::any_of(names, [&](const std::string& other) {
      return other != name && cut_after(code_points_of(other), head) == label;
    });
    if (!is_shared) return utf8_of(label);
  }
  return std::nullopt;
}

/// Gives what differs in `names` and not in `labels` its place before it.
void number_the_same(const std::vector<std::string>& names, std::vector<std::string>& labels,
                     int length) {
  std::vector<bool> is_ambiguous(names.size(), false);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = 0; j < names.size(); ++j) {
      if (labels[i] == labels[j] && names[i] != names[j]) is_ambiguous[i] = true;
    }
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!is_ambiguous[i]) continue;
    const std::string place = fmt::format("{} ", i + 1);
    labels[i] = place + shortened(labels[i], length - static_cast<int>(place.size()));
  }
}

}  // namespace

std::string shortened(std::string_view text, int length) {
  const std::string whole = printable(text);
  std::u32string code_points = code_points_of(whole);
  const auto limit = static_cast<std::size_t>(length);
  if (code_points.size() <= limit) return whole;
  code_points.replace(limit / 2, code_points.size() - limit + 1, 1, U'…');
  return utf8_of(code_points);
}

std::vector<std::string> shortened_names(std::vector<std::string> names, int length) {
  const auto limit = static_cast<std::size_t>(length);
  for (std::string& name : names) name = printable(name);
  if (std::ranges::all_of(names, [limit](const auto& name) { return fits(name, limit); })) {
    return names;
  }
  std::vector<Label> labels;
  for (const std::string& name : names) labels.emplace_back(without_brackets(name));
  if (names.size() > 1) drop_common_parts(labels);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    hide_parts(i, labels, limit);
    texts.push_back(labels[i].text());
  }
  const std::vector<std::string> uncut = texts;
  for (std::string& text : texts) {
    text = cut_apart(text, uncut, limit).value_or(shortened(text, length));
  }
  number_the_same(names, texts, length);
  return texts;
}

}  // namespace gradvitals

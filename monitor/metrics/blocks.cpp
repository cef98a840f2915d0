#include "monitor/metrics/blocks.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <utility>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

/// The key of a block without a number until all of its tensors are found.
constexpr std::int64_t kUnnumbered = -1;

bool is_separator(char c) {
  return c == '.' || c == '/';
}

struct Candidate {
  BlockFamily family;
  std::set<std::string_view> suffixes;
};

using Candidates = std::map<std::string, Candidate, std::less<>>;

/// Under every number that the name has.
void add_numbered(Candidates& candidates, std::string_view name, std::size_t index) {
  for (std::size_t begin = 0; begin < name.size();) {
    if (!is_digit(name[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < name.size() && is_digit(name[end])) ++end;
    std::int64_t block = 0;
    const auto [stop, error] = std::from_chars(name.data() + begin, name.data() + end, block);
    if (error == std::errc()) {
      Candidate& candidate = candidates[std::string(name.substr(0, begin))];
      candidate.family.blocks[block].push_back({index, name.substr(end)});
      candidate.suffixes.insert(name.substr(end));
    }
    begin = end;
  }
}

/// "dense/kernel" is the first of "dense_1/kernel", "dense_2/kernel", where those are there.
void add_unnumbered(Candidates& candidates, std::string_view name, std::size_t index) {
  for (std::size_t end = 0; end < name.size(); ++end) {
    if (!is_separator(name[end])) continue;
    const auto found = candidates.find(std::string(name.substr(0, end)) + '_');
    if (found == candidates.end()) continue;
    Candidate& candidate = found->second;
    const std::string_view suffix = name.substr(end);
    if (!candidate.suffixes.contains(suffix) || candidate.family.blocks.contains(0)) continue;
    candidate.family.first_is_unnumbered = true;
    candidate.family.blocks[kUnnumbered].push_back({index, suffix});
  }
}

void place_unnumbered(BlockFamily& family) {
  auto node = family.blocks.extract(kUnnumbered);
  if (node.empty()) return;
  node.key() = 0;
  family.blocks.insert(std::move(node));
}

/// "']" where the number stands in brackets that the prefix opened: "['Dense_3']['kernel']".
std::string_view closing_of(std::span<const BlockFamily::Member> members) {
  if (members.empty()) return {};
  const std::string_view suffix = members.front().suffix;
  const std::size_t end = std::min(suffix.find_first_not_of("'\"])"), suffix.size());
  const std::string_view closing = suffix.substr(0, end);
  const bool is_shared = std::ranges::all_of(members, [&](const BlockFamily::Member& member) {
    return member.suffix.starts_with(closing);
  });
  return is_shared ? closing : std::string_view();
}

}  // namespace

std::string BlockFamily::name_of(std::int64_t block) const {
  if (block == 0 && first_is_unnumbered) return prefix.substr(0, prefix.size() - 1);
  return prefix + std::to_string(block) + std::string(closing_of(blocks.at(block)));
}

std::vector<BlockFamily> block_families(std::span<const std::string_view> names) {
  Candidates candidates;
  for (std::size_t i = 0; i < names.size(); ++i) add_numbered(candidates, names[i], i);
  for (std::size_t i = 0; i < names.size(); ++i) add_unnumbered(candidates, names[i], i);
  std::vector<BlockFamily> result;
  for (auto& [prefix, candidate] : candidates) {
    place_unnumbered(candidate.family);
    if (candidate.family.blocks.size() < 2) continue;
    candidate.family.prefix = prefix;
    result.push_back(std::move(candidate.family));
  }
  std::ranges::stable_sort(result, std::ranges::greater{},
                           [](const BlockFamily& family) { return family.blocks.size(); });
  return result;
}

}  // namespace gradvitals

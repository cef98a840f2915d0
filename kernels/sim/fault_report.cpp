#include "kernels/sim/fault_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace gradvitals::sim {
namespace {

std::string describe_state(const SimThread& thread) {
  switch (thread.state) {
    case ThreadState::kReady:
      return "can go on";
    case ThreadState::kAtBarrier:
      return fmt::format("wait in __syncthreads at {}", describe(thread.site));
    case ThreadState::kInWarp:
      return fmt::format("wait in {} with mask {:#010x} at {}", name(thread.request.op),
                         thread.request.mask, describe(thread.site));
    case ThreadState::kExited:
      return "exited";
  }
  return "";
}

/// "0-39, 41" for ascending numbers.
std::string describe_numbers(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (std::size_t first = 0; first < numbers.size();) {
    std::size_t last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (!text.empty()) text += ", ";
    text += first == last ? fmt::format("{}", numbers[first])
                          : fmt::format("{}-{}", numbers[first], numbers[last]);
    first = last + 1;
  }
  return text;
}

}  // namespace

std::string describe(const std::source_location& site) {
  return fmt::format("{}:{}", site.file_name(), site.line());
}

std::string describe_fault(std::string_view what, const std::source_location& launch, uint3 block,
                           std::span<const std::unique_ptr<SimThread>> threads) {
  std::vector<std::pair<std::string, std::vector<std::uint32_t>>> groups;
  for (const auto& thread : threads) {
    std::string state = describe_state(*thread);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const auto& known) { return known.first == state; });
    if (group == groups.end()) {
      group = groups.emplace(group, std::move(state), std::vector<std::uint32_t>());
    }
    group->second.push_back(thread->number);
  }
  std::string text = fmt::format("kernel launched at {}, block ({},{},{}): {}", describe(launch),
                                 block.x, block.y, block.z, what);
  for (const auto& [state, numbers] : groups) {
    fmt::format_to(std::back_inserter(text), "\n  threads {}: {}", describe_numbers(numbers),
                   state);
  }
  return text;
}

}  // namespace gradvitals::sim

// The cpu device on other instruction sets than this machine's best one.
#pragma once

#include <hwy/targets.h>

#include <cstdint>
#include <vector>

namespace gradvitals::test {

/// Those that this CPU has, Highway's plain C++ included.
inline std::vector<std::int64_t> instruction_sets() {
  std::vector<std::int64_t> each;
  for (std::int64_t rest = hwy::SupportedTargets(); rest != 0; rest &= rest - 1) {
    each.push_back(rest & -rest);
  }
  return each;
}

/// Dispatch as on a CPU that has this instruction set and no better one; 0 restores what it has.
inline void dispatch_to(std::int64_t instruction_set) {
  hwy::SetSupportedTargetsForTest(instruction_set);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace gradvitals::test

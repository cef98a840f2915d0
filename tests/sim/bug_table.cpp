// Prints which of the planted bugs shows in which way, each run in a process of its own. Under the
// preset asan-ubsan or tsan the last column is that sanitizer's; elsewhere it is left out. Returns
// 1 where a correct kernel raises an alarm, or a bug shows in none of the ways it should in this
// build.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "kernels/sim/engine.h"
#include "kernels/sim/sanitizers.h"
#include "tests/sim/bugs.h"

namespace {

using namespace gradvitals::sim;

enum Shown : int { kNothing = 0, kSchedules = 1, kNan = 2, kFault = 4 };

/// What shows without a sanitizer, as a sum of Shown.
int signs_of(const Bug& bug, bool is_planted) {
  try {
    int shown = kNothing;
    if (has_nan(bug.run(is_planted))) shown += kNan;
    if (!is_same_in_every_schedule([&] { return bug.run(is_planted); })) shown += kSchedules;
    return shown;
  } catch (const KernelFault&) {
    return kFault;
  }
}

/// What a child exits with that no sanitizer ended, less its Shown.
constexpr int kOwnExit = 100;

/// In a child, which a sanitizer may end: empty where one did.
std::optional<int> signs_in_a_child(const Bug& bug, bool is_planted) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) std::abort();
    std::exit(kOwnExit + signs_of(bug, is_planted));
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) < kOwnExit) return std::nullopt;
  return WEXITSTATUS(status) - kOwnExit;
}

const char* mark(bool is_shown) {
  return is_shown ? "yes" : "-";
}

}  // namespace

int main() {
  const bool has_sanitizer = asan::is_active() || tsan::is_active();
  std::printf("%-36s %-10s %-5s %-6s %s\n", "bug", "schedules", "NaN", "error",
              has_sanitizer ? (tsan::is_active() ? "TSan" : "ASan+UBSan") : "");
  bool is_as_it_should_be = true;
  for (const Bug& bug : all_bugs()) {
    const std::optional<int> shown = signs_in_a_child(bug, true);
    const auto is_shown = [&](Shown sign) { return (shown.value_or(kNothing) & sign) != 0; };
    const bool is_false_alarm = signs_in_a_child(bug, false) != kNothing;
    const bool is_missed = why_not_here(bug.sign).empty() && shown == kNothing;
    is_as_it_should_be = is_as_it_should_be && !is_false_alarm && !is_missed;
    std::printf("%-36s %-10s %-5s %-6s %s%s%s\n", std::string(bug.name).c_str(),
                mark(is_shown(kSchedules)), mark(is_shown(kNan)), mark(is_shown(kFault)),
                has_sanitizer ? mark(!shown) : "",
                is_false_alarm ? "  FALSE ALARM without the bug" : "", is_missed ? "  MISSED" : "");
  }
  return is_as_it_should_be ? EXIT_SUCCESS : EXIT_FAILURE;
}

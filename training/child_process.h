// ChildProcess: a program that runs beside this one, with a text as its standard input.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// How a child ended.
struct ChildEnd {
  int exit_code = 0;
  int signal = 0;  ///< That ended it; 0 where it ended by itself.
  /// false: this program ignores SIGCHLD, and the system has forgotten how it ended.
  bool is_known = true;
};

/// It has a session of its own: Ctrl-C at the terminal does not reach it, and it cannot ask there.
/// It reads `input` and then the end of its input, writes to this program's stderr, and has none of
/// this program's other files. Must be asked for its end before it is destroyed, or it stays a
/// zombie.
class ChildProcess {
 public:
  /// Starts it; a name without '/' is looked for in PATH. Throws std::system_error.
  ChildProcess(const std::vector<std::string>& words, std::string_view input);

  /// Empty while it runs. Does not wait. At the end, what is left of its process group is ended
  /// where signal_group() was called before.
  std::optional<ChildEnd> poll_end();

  /// To it and all it has started, unless they have left its process group.
  void signal_group(int signal);

 private:
  pid_t id_ = 0;
  bool was_signalled_ = false;
};

}  // namespace gradvitals

// PipeSignalBlock: writes to closed pipes that fail, and end nothing.
#pragma once

#include <csignal>

namespace gradvitals {

/// While it lives, a write of this thread to a closed pipe fails with EPIPE and raises no SIGPIPE. Of
/// the thread that made it; a signal that was pending before stays so.
class PipeSignalBlock {
 public:
  PipeSignalBlock() noexcept;
  ~PipeSignalBlock();
  PipeSignalBlock(const PipeSignalBlock&) = delete;
  PipeSignalBlock& operator=(const PipeSignalBlock&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace gradvitals

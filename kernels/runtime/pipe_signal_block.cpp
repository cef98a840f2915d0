#include "kernels/runtime/pipe_signal_block.h"

#include <pthread.h>

#include <cerrno>
#include <ctime>

namespace gradvitals {

PipeSignalBlock::PipeSignalBlock() noexcept {
  sigemptyset(&pipe_);
  sigaddset(&pipe_, SIGPIPE);
  sigset_t pending;
  sigpending(&pending);
  was_pending_ = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
}

PipeSignalBlock::~PipeSignalBlock() {
  // What a write has left pending would come as soon as the mask is lifted.
  const timespec at_once{};
  while (!was_pending_ && sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) continue;
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace gradvitals

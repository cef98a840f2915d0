#include "app/interrupt.h"

#include <atomic>
#include <stdexcept>

#include "app/terminal_screen.h"

namespace gradvitals::app {
namespace {

std::atomic<int> first_interruption = 0;
std::atomic<bool> interrupt_lives = false;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler writes it");

extern "C" void remember_interruption(int signal) {
  int none = 0;
  if (first_interruption.compare_exchange_strong(none, signal)) return;
  restore_terminal();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

std::string_view name_of_signal(int signal) {
  return signal == SIGINT ? "SIGINT" : "SIGTERM";
}

ExitCode exit_code_of_signal(int signal) {
  return signal == SIGINT ? ExitCode::kInterrupted : ExitCode::kTerminated;
}

Interrupt::Interrupt() {
  if (interrupt_lives.exchange(true)) throw std::logic_error("interrupt: there is one already");
  first_interruption = 0;
  struct sigaction action {};
  action.sa_handler = remember_interruption;
  action.sa_flags = SA_RESTART;  // Writes that are under way go on.
  ::sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

Interrupt::~Interrupt() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &before_[i], nullptr);
  }
  interrupt_lives = false;
}

int Interrupt::signal() const {
  return first_interruption.load(std::memory_order_relaxed);
}

}  // namespace gradvitals::app

// Contract: the first SIGINT or SIGTERM is remembered, the second ends the process, and afterwards
// everything is as before. Oracle: the exit status of a child process.
#include "app/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>

namespace gradvitals::app {
namespace {

void (*handler_of(int signal))(int) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler;
}

TEST(Interrupt, TheFirstSignalIsRemembered) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Interrupt interrupt;
    EXPECT_EQ(interrupt.signal(), 0);
    ::raise(signal);
    EXPECT_EQ(interrupt.signal(), signal);
  }
}

TEST(InterruptDeathTest, TheSecondSignalEndsTheProcess) {
  for (const int second : {SIGINT, SIGTERM}) {
    EXPECT_EXIT(
        {
          const Interrupt interrupt;
          ::raise(SIGINT);
          ::raise(second);
        },
        testing::KilledBySignal(second), "");
  }
}

TEST(Interrupt, HandlersAreRestored) {
  const auto before = handler_of(SIGINT);
  {
    const Interrupt interrupt;
    EXPECT_NE(handler_of(SIGINT), before);
  }
  EXPECT_EQ(handler_of(SIGINT), before);
}

TEST(Interrupt, AnIgnoredSignalStaysIgnored) {
  const auto before = ::signal(SIGINT, SIG_IGN);
  {
    const Interrupt interrupt;
    ::raise(SIGINT);
    EXPECT_EQ(interrupt.signal(), 0);
  }
  EXPECT_EQ(handler_of(SIGINT), SIG_IGN);
  ::signal(SIGINT, before);
}

TEST(Interrupt, ThereIsOneAtATime) {
  const Interrupt interrupt;
  EXPECT_THROW(Interrupt(), std::logic_error);
}

}  // namespace
}  // namespace gradvitals::app

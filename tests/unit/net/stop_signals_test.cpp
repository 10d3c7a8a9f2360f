#include "net/stop_signals.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace fanfare::net {
namespace {

TEST(stop_signals, tells_of_each_signal_until_finished) {
  stop_signals signals;
  int told = 0;
  std::raise(SIGTERM);
  signals.wait([&] {
    if (++told == 2)
      signals.finish();
    else
      std::raise(SIGINT);
  });
  EXPECT_EQ(told, 2);
}

TEST(stop_signals, returns_when_finished_before_it_waits) {
  stop_signals signals;
  signals.finish();
  signals.wait([] { FAIL(); });
}

}  // namespace
}  // namespace fanfare::net

#include "net/stop_signals.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

namespace fanfare::net {

struct stop_signals::loop {
  void arm(const std::function<void()>& stop) {
    signals.async_wait([this, &stop](const boost::system::error_code& failure, int) {
      if (failure) return;
      stop();
      arm(stop);
    });
  }
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
  boost::asio::signal_set signals{context, SIGINT, SIGTERM};
};

stop_signals::stop_signals() : loop_(std::make_unique<loop>()) {}
stop_signals::~stop_signals() = default;

void stop_signals::wait(const std::function<void()>& stop) {
  loop_->arm(stop);
  loop_->context.run();
}

void stop_signals::finish() { loop_->context.stop(); }

}  // namespace fanfare::net

#pragma once

#include <atomic>
#include <memory>

#include <fanfare/http/exchange.hpp>

// The exchange that route handlers hold. Inbound: connection; outbound: connection, on its worker.

namespace fanfare::http {

class connection;

class live_exchange final : public exchange {
 public:
  live_exchange(std::weak_ptr<connection> carrier, executor& home, std::shared_ptr<const http::request> asked)
      : carrier_(std::move(carrier)), home_(home), asked_(std::move(asked)) {}
  ~live_exchange() override;

  [[nodiscard]] const http::request& request() const noexcept override { return *asked_; }
  [[nodiscard]] executor& worker() noexcept override { return home_; }
  void respond(response answer, bool compress) override;
  void respond_and_close(response answer) override;
  void on_abort(std::function<void()> work) override;
  void read_body(body_reader next) override;
  void upgrade(executor& target, upgraded taken) override;

 private:
  void finish(response answer, bool compress, bool close_after);

  std::weak_ptr<connection> carrier_;
  executor& home_;
  std::shared_ptr<const http::request> asked_;
  std::atomic<bool> answered_ = false;
};

}  // namespace fanfare::http

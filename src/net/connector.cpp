#include <fanfare/net/connector.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "net/fd_watch.hpp"
#include "net/tcp_stream.hpp"
#include "net/tls_client_context.hpp"
#include "net/tls_stream.hpp"
#include "net/worker.hpp"

namespace fanfare::net {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

// One connect: resolve, connect, shake hands. Asio's completions hold it weakly, so that dropping it cancels.
class attempt : public std::enable_shared_from_this<attempt> {
 public:
  attempt(worker& home, endpoint peer, std::shared_ptr<const tls_client_context> tls, connector::connected done)
      : home_(home),
        peer_(std::move(peer)),
        tls_(std::move(tls)),
        done_(std::move(done)),
        resolver_(home.context()),
        socket_(home.context()) {}
  ~attempt() { home_.cancel(deadline_); }
  attempt(const attempt&) = delete;
  attempt& operator=(const attempt&) = delete;

  void start(milliseconds timeout) {
    deadline_ = home_.after(timeout, [weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->finish(error{errc::timeout, shown(self->peer_) + ": no connection in time", {}});
    });
    resolver_.async_resolve(peer_.host, std::to_string(peer_.port), tcp::resolver::numeric_service,
                            [weak = weak_from_this()](error_code failed, const tcp::resolver::results_type& found) {
                              const auto self = weak.lock();
                              if (!self || !self->done_) return;
                              if (failed) return self->refuse("cannot resolve: " + failed.message());
                              self->connect(found);
                            });
  }

 private:
  void connect(const tcp::resolver::results_type& found) {
    boost::asio::async_connect(socket_, found, [weak = weak_from_this()](error_code failed, const tcp::endpoint&) {
      const auto self = weak.lock();
      if (!self || !self->done_) return;
      if (failed) return self->refuse(failed.message());
      self->connected();
    });
  }

  void connected() {
    unique_fd socket(socket_.release());
    if (!tls_) return finish(std::unique_ptr<byte_stream>(std::make_unique<tcp_stream>(home_, std::move(socket))));
    prepare_socket(socket.get());
    session_ = tls_->make(socket.get(), peer_.host);
    watch_ = std::make_unique<fd_watch>(home_, std::move(socket));
    shake_hands();
  }

  void shake_hands() {
    ERR_clear_error();
    const int outcome = SSL_do_handshake(session_.get());
    if (outcome == 1) {
      auto socket = watch_->release();
      watch_.reset();
      return finish(
          std::unique_ptr<byte_stream>(std::make_unique<tls_stream>(home_, std::move(socket), std::move(session_))));
    }
    const int wants = SSL_get_error(session_.get(), outcome);
    if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE) {
      return refuse("TLS handshake: " + tls_failure(session_.get()));
    }
    watch_->wait(wants == SSL_ERROR_WANT_READ ? direction::in : direction::out, [weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && self->done_) self->shake_hands();
    });
  }

  void refuse(const std::string& why) { finish(error{errc::unavailable, shown(peer_) + ": " + why, {}}); }

  void finish(result<std::unique_ptr<byte_stream>> outcome) {
    home_.cancel(std::exchange(deadline_, 0));
    resolver_.cancel();
    error_code ignored;
    socket_.close(ignored);
    if (const auto done = std::exchange(done_, nullptr)) done(std::move(outcome));
  }

  worker& home_;
  endpoint peer_;
  std::shared_ptr<const tls_client_context> tls_;
  connector::connected done_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  tls_session session_;
  std::unique_ptr<fd_watch> watch_;
  timer_id deadline_ = 0;
};

class real_connector final : public connector {
 public:
  explicit real_connector(const std::optional<tls_client_options>& tls) {
    if (tls) tls_ = std::make_shared<const tls_client_context>(*tls);
  }
  std::shared_ptr<void> connect(executor& home, const endpoint& peer, milliseconds timeout, connected done) override {
    auto made = std::make_shared<attempt>(dynamic_cast<worker&>(home), peer, tls_, std::move(done));
    made->start(timeout);
    return made;
  }

 private:
  std::shared_ptr<const tls_client_context> tls_;
};

}  // namespace

std::string shown(const endpoint& at) {
  const bool bare = at.host.find(':') == std::string::npos;
  return (bare ? at.host : "[" + at.host + "]") + ":" + std::to_string(at.port);
}

std::unique_ptr<connector> make_connector(const std::optional<tls_client_options>& tls) {
  return std::make_unique<real_connector>(tls);
}

}  // namespace fanfare::net

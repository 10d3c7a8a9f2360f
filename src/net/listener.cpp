#include "net/listener.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "net/fd_watch.hpp"

namespace fanfare::net {

namespace {

constexpr milliseconds descriptors_pause{100};
constexpr int accepts_per_turn_max = 64;  // so that a flood of connections does not starve worker 0's own
constexpr int port_clashes_max = 16;

struct host_port {
  std::string host;
  std::uint16_t port;
};

host_port split(std::string_view address) {
  const auto colon = address.rfind(':');
  const auto bad = [&] { return std::invalid_argument("not HOST:PORT: " + std::string(address)); };
  if (colon == std::string_view::npos || colon == 0) throw bad();
  auto host = address.substr(0, colon);
  const auto digits = address.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || failure != std::errc{} || end != digits.data() + digits.size()) throw bad();
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {std::string(host), port};
}

std::uint16_t bound_port(int socket) {
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length);
  return ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(own).sin6_port
                                         : reinterpret_cast<sockaddr_in&>(own).sin_port);
}

}  // namespace

struct listener::acceptor : std::enable_shared_from_this<acceptor> {
  acceptor(listener& from, unique_fd socket)
      : workers(from.workers_),
        home(from.workers_.at(0)),
        out_of_descriptors(from.out_of_descriptors_),
        take(from.take_),
        watch(home, std::move(socket)) {}

  void wait() {
    watch.wait(direction::in, [self = shared_from_this()] { self->drain(); });
  }

  void drain() {
    for (int i = 0; i < accepts_per_turn_max; ++i) {
      unique_fd socket(::accept4(watch.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.get() < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return pause();
        if (errno == EBADF || errno == EINVAL) return;
        continue;  // ECONNABORTED and what else befell that one peer
      }
      worker& owner = workers.at(next++ % workers.size());
      owner.post([take = take, &owner, shared = std::make_shared<unique_fd>(std::move(socket))] {
        (*take)(owner, std::move(*shared));
      });
    }
    wait();
  }

  // With no descriptor left the queue stays readable: look again later instead of spinning.
  void pause() {
    out_of_descriptors.add();
    timer = home.after(descriptors_pause, [self = shared_from_this()] {
      self->timer = 0;
      self->wait();
    });
  }

  void close() {
    home.cancel(std::exchange(timer, 0));
    watch.close();
  }

  worker_pool& workers;
  worker& home;
  metrics::cell& out_of_descriptors;
  std::shared_ptr<accepted> take;
  fd_watch watch;
  timer_id timer = 0;
  unsigned next = 0;
};

listener::listener(worker_pool& workers, metrics::registry& metrics, accepted take)
    : workers_(workers),
      out_of_descriptors_(metrics.counter("fanfare_connections_refused_total", "Connections refused, by cause.",
                                          {{"cause", "out_of_descriptors"}})),
      take_(std::make_shared<accepted>(std::move(take))) {}

// An acceptor that waits holds itself; closing breaks that.
listener::~listener() {
  for (auto& each : acceptors_) each->watch.close();
}

std::uint16_t listener::open(const std::string& host, std::uint16_t port, bool needed) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failure != 0) throw std::runtime_error("listen on " + host + ": " + ::gai_strerror(failure));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> freed(found, ::freeaddrinfo);

  const auto where = (found->ai_family == AF_INET6 ? "[" + host + "]" : host) + ":";
  unique_fd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (found->ai_family == AF_INET6) {
    const int only_v6 = host == "::" ? 0 : 1;
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
  }
  if (socket.get() < 0 || ::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    const int cause = errno;
    // A machine without IPv6 has no ::1, and "localhost" is then 127.0.0.1 alone.
    if (!needed && (cause == EADDRNOTAVAIL || cause == EAFNOSUPPORT)) return 0;
    throw std::system_error(cause, std::generic_category(), "listen on " + where + std::to_string(port));
  }
  const auto got = bound_port(socket.get());
  bound_.push_back(std::move(socket));
  addresses_.push_back(where + std::to_string(got));
  if (port_ == 0) port_ = got;
  return got;
}

void listener::bind_localhost(std::uint16_t port) {
  const auto before = port_;
  for (int clashes = 0;; ++clashes) {
    const auto got = open("127.0.0.1", port, true);
    try {
      open("::1", got, false);
      return;
    } catch (const std::system_error& clash) {
      // A port the kernel chose for one family may be taken in the other.
      if (port != 0 || clashes == port_clashes_max || clash.code().value() != EADDRINUSE) throw;
      bound_.pop_back();
      addresses_.pop_back();
      port_ = before;
    }
  }
}

void listener::bind(std::string_view address) {
  const auto [host, port] = split(address);
  if (host == "localhost") {
    bind_localhost(port);
  } else {
    open(host, port, true);
  }
}

void listener::start() {
  for (auto& socket : bound_) acceptors_.push_back(std::make_shared<acceptor>(*this, std::move(socket)));
  bound_.clear();
  workers_.at(0).post([all = acceptors_] {
    for (const auto& each : all) each->wait();
  });
}

void listener::close(std::function<void()> done) {
  workers_.at(0).post([all = acceptors_, done = std::move(done)] {
    for (const auto& each : all) each->close();
    if (done) done();
  });
}

}  // namespace fanfare::net

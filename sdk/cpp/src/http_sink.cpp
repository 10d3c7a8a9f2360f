// POST /api/v1/events -> the answer, over kept-alive connections, each of which has its own loop: a call runs that loop
// on its own thread until the answer or the deadline has come.

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <fanfare/base/json.hpp>
#include <fanfare/base/world.hpp>
#include <fanfare/broadcaster.hpp>

#include <fanfare_sdk/http_exchange.hpp>

namespace fanfare {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

constexpr std::size_t answer_bytes_max = 1048576;

struct endpoint {
  bool secure = false;
  std::string host, port, authority;
};

endpoint parse_endpoint(std::string_view url) {
  endpoint out;
  out.secure = url.starts_with("https://");
  if (!out.secure && !url.starts_with("http://"))
    throw std::invalid_argument("the URL is neither http:// nor https://");
  url.remove_prefix(out.secure ? 8 : 7);
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.find_first_of("/?#@ \t\r\n") != std::string_view::npos) {
    throw std::invalid_argument("the URL holds more than a host and a port");
  }
  out.authority = url;
  const auto colon = url.rfind(':');
  const bool has_port = colon != std::string_view::npos && url.find(']', colon) == std::string_view::npos;
  auto host = url.substr(0, has_port ? colon : url.size());
  if (host.starts_with('[') != host.ends_with(']')) throw std::invalid_argument("the URL's host lacks a bracket");
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  out.host = host;
  out.port = has_port ? std::string(url.substr(colon + 1)) : (out.secure ? "443" : "80");
  if (out.host.empty() || out.port.empty() || out.port.find_first_not_of("0123456789") != std::string::npos) {
    throw std::invalid_argument("the URL needs a host, and digits for a port");
  }
  return out;
}

struct answer {
  unsigned status = 0;
  std::string retry_after;
  std::string body;
};

class connection {
 public:
  explicit connection(const endpoint& to) : to_(to) {
    tls_.set_default_verify_paths();
    tls_.set_verify_mode(asio::ssl::verify_peer);
  }

  /// Whether an earlier call has left it open.
  [[nodiscard]] bool open() const noexcept { return open_; }

  [[nodiscard]] result<answer> call(const beast::http::request<beast::http::string_body>& request,
                                    milliseconds timeout) {
    std::optional<result<answer>> out;
    loop_.restart();
    asio::co_spawn(loop_, perform(request, timeout), [&out](const std::exception_ptr& failure, answer came) {
      if (!failure) {
        out = std::move(came);
        return;
      }
      try {
        std::rethrow_exception(failure);
      } catch (const boost::system::system_error& fault) {
        const bool late = fault.code() == beast::error::timeout;
        out = error{late ? errc::timeout : errc::unavailable, fault.code().message(), {}};
      } catch (const std::exception& fault) {
        out = error{errc::unavailable, fault.what(), {}};
      }
    });
    // The resolver knows no deadline of its own: the loop's end is one more.
    loop_.run_for(timeout + milliseconds{1000});
    if (!out || !*out) open_ = false;
    return out ? *out : error{errc::timeout, "no answer in time", {}};
  }

 private:
  using secure_stream = beast::ssl_stream<beast::tcp_stream>;

  asio::awaitable<answer> perform(const beast::http::request<beast::http::string_body>& request, milliseconds timeout) {
    if (!open_) co_await connect(timeout);
    beast::get_lowest_layer(*stream_).expires_after(timeout);
    if (to_.secure) co_return co_await converse(*stream_, request);
    co_return co_await converse(stream_->next_layer(), request);
  }

  asio::awaitable<void> connect(milliseconds timeout) {
    buffer_.clear();
    stream_.emplace(loop_, tls_);
    tcp::resolver resolver(loop_);
    const auto addresses = co_await resolver.async_resolve(to_.host, to_.port, asio::use_awaitable);
    auto& socket = beast::get_lowest_layer(*stream_);
    socket.expires_after(timeout);
    co_await socket.async_connect(addresses, asio::use_awaitable);
    socket.socket().set_option(tcp::no_delay(true));
    if (to_.secure) {
      stream_->set_verify_callback(asio::ssl::host_name_verification(to_.host));
      SSL_set_tlsext_host_name(stream_->native_handle(), to_.host.c_str());
      co_await stream_->async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    }
    open_ = true;
  }

  template <class Stream>
  asio::awaitable<answer> converse(Stream& stream, const beast::http::request<beast::http::string_body>& request) {
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(answer_bytes_max);
    co_await http_exchange(stream, request, buffer_, parser);
    open_ = parser.get().keep_alive();
    beast::get_lowest_layer(stream).expires_never();
    answer out{parser.get().result_int(), std::string(parser.get()[beast::http::field::retry_after]), {}};
    out.body = std::move(parser.get().body());
    co_return out;
  }

  const endpoint& to_;
  asio::io_context loop_{1};
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  std::optional<secure_stream> stream_;  // its TCP layer alone without TLS
  beast::flat_buffer buffer_;
  bool open_ = false;
};

error explained(const answer& from) {
  constexpr std::array<std::pair<unsigned, errc>, 9> codes{{{400, errc::bad_request},
                                                            {401, errc::unauthorized},
                                                            {403, errc::forbidden},
                                                            {404, errc::not_found},
                                                            {413, errc::payload_too_large},
                                                            {415, errc::unsupported_media_type},
                                                            {429, errc::rate_limited},
                                                            {503, errc::unavailable},
                                                            {504, errc::timeout}}};
  const auto row = std::ranges::find(codes, from.status, &std::pair<unsigned, errc>::first);
  error out{row == codes.end() ? (from.status >= 500 ? errc::unavailable : errc::bad_request) : row->second, {}, {}};
  const auto body = json::parse(from.body);
  const auto text = [&body](std::string_view name) {
    const auto* item = body ? body->find(name) : nullptr;
    return std::string(item == nullptr ? std::string_view{} : item->as_string());
  };
  out.detail = text("detail").empty() ? text("title") : text("detail");
  if (out.detail.empty()) out.detail = "the server answered " + std::to_string(from.status);
  out.pointer = text("pointer");
  return out;
}

bool worth_another_try(unsigned status) { return status == 429 || status == 502 || status == 503 || status == 504; }

class http_event_sink : public event_sink {
 public:
  explicit http_event_sink(http_sink_options options)
      : options_(std::move(options)), to_(parse_endpoint(options_.url)) {}

  result<accepted> publish(std::string type, object data, const publish_options& wish) override {
    object event{{"type", std::move(type)}, {"data", std::move(data)}};
    // Made here, so that each attempt is the same event to the server.
    const auto id = wish.id.empty() ? real_world().random_id() : wish.id;
    event.set("id", id);
    if (!wish.rooms.empty()) event.set("rooms", array(wish.rooms.begin(), wish.rooms.end()));
    const auto& source = wish.source.empty() ? options_.source : wish.source;
    if (!source.empty()) event.set("source", source);
    if (!wish.time.empty()) event.set("time", wish.time);
    if (!wish.traceparent.empty()) event.set("traceparent", wish.traceparent);
    const auto request = make_request(json::write(value(std::move(event))));

    for (unsigned attempt = 1;; ++attempt) {
      const auto came = send(request);
      if (came && came->status == 202) return read_answer(*came);
      if ((came && !worth_another_try(came->status)) || attempt >= options_.attempts) {
        return came ? explained(*came) : came.error();
      }
      std::this_thread::sleep_for(pause(attempt, came ? came->retry_after : std::string()));
    }
  }

 private:
  [[nodiscard]] beast::http::request<beast::http::string_body> make_request(std::string body) const {
    beast::http::request<beast::http::string_body> out(beast::http::verb::post, "/api/v1/events", 11);
    out.set(beast::http::field::host, to_.authority);
    out.set(beast::http::field::user_agent, "fanfare-cpp");
    out.set(beast::http::field::content_type, "application/json");
    if (!options_.key.empty()) out.set(beast::http::field::authorization, "Bearer " + options_.key);
    out.body() = std::move(body);
    out.prepare_payload();
    return out;
  }

  result<answer> send(const beast::http::request<beast::http::string_body>& request) {
    auto wire = take();
    const bool reused = wire->open();
    auto came = wire->call(request, options_.timeout);
    // The server may have closed an idle connection just now: that says nothing about the server.
    if (!came && reused && came.error().code == errc::unavailable) came = wire->call(request, options_.timeout);
    give_back(std::move(wire));
    return came;
  }

  static result<accepted> read_answer(const answer& from) {
    const auto body = json::parse(from.body);
    const auto* first = body ? body->at_pointer("/events/0") : nullptr;
    const auto* id = first == nullptr ? nullptr : first->find("id");
    const auto* cursor = first == nullptr ? nullptr : first->find("cursor");
    if (id == nullptr || cursor == nullptr)
      return error{errc::unavailable, "the answer is not of a Fanfare server", {}};
    return accepted{std::string(id->as_string()), std::string(cursor->as_string())};
  }

  /// Half of the pause is left to chance, so that many publishers do not come back at once.
  [[nodiscard]] milliseconds pause(unsigned attempt, const std::string& retry_after) const {
    unsigned seconds = 0;
    const auto* end = retry_after.data() + retry_after.size();
    if (std::from_chars(retry_after.data(), end, seconds).ec == std::errc{}) {
      return std::min<milliseconds>(std::chrono::seconds(seconds), options_.backoff_max);
    }
    const auto whole = std::min(options_.backoff * (1U << std::min(attempt - 1, 16U)), options_.backoff_max);
    std::array<unsigned char, 1> chance{};
    real_world().random_bytes(chance);
    return whole / 2 + whole * chance[0] / 510;
  }

  std::unique_ptr<connection> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto out = std::move(idle_.back());
        idle_.pop_back();
        return out;
      }
    }
    return std::make_unique<connection>(to_);
  }
  void give_back(std::unique_ptr<connection> used) {
    if (!used->open()) return;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < options_.idle_connections_max) idle_.push_back(std::move(used));
  }

  const http_sink_options options_;
  const endpoint to_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<connection>> idle_;
};

}  // namespace

std::unique_ptr<event_sink> http_sink(http_sink_options options) {
  return std::make_unique<http_event_sink>(std::move(options));
}

}  // namespace fanfare

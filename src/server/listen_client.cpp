#include "server/listen_client.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <fanfare/base/json.hpp>

#include "server/http_client.hpp"
#include "server/log.hpp"

namespace fanfare::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;

namespace {

constexpr std::size_t message_bytes_max = 67108864;

// Ends the whole run: trying again would be refused again.
struct refused_for_good : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// Ends this connection only.
struct connection_lost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

bool is_final(std::string_view code) { return code != "draining" && code != "over_limit" && code != "internal"; }

}  // namespace

struct listen_client::state {
  explicit state(listen_options given) : options(std::move(given)), cursor(options.since) {}

  listen_options options;
  std::string cursor;
  asio::io_context context{1};
  std::optional<std::string> failure;
  bool was_connected = false;
  bool asked_since = false;  // whether the subscription under way asked for the past

  void notice(const std::string& text) const {
    if (options.on_notice) options.on_notice(text);
  }

  asio::awaitable<void> listen() {
    auto delay = options.retry_min;
    for (auto left = options.retries;;) {
      was_connected = false;
      std::string lost;
      try {
        co_await connect();
      } catch (const refused_for_good& refusal) {
        failure = refusal.what();
        co_return;
      } catch (const std::exception& fault) {
        lost = "not connected: " + in_words(fault);
      }
      if (was_connected) {
        delay = options.retry_min;
        left = options.retries;
      }
      if (left == 0U) {
        failure = lost;
        co_return;
      }
      if (left) --*left;
      const auto wait_s = std::chrono::ceil<std::chrono::seconds>(delay).count();
      notice(lost + "; trying again in " + std::to_string(wait_s) + " s");
      asio::steady_timer timer(context, delay);
      co_await timer.async_wait(asio::use_awaitable);
      delay = std::min(delay * 2, options.retry_max);
    }
  }

  asio::awaitable<void> connect() {
    auto url = parse_url(options.url);
    if (!url) throw refused_for_good(url.error().detail);
    tcp::resolver resolver(context);
    const auto endpoints = co_await resolver.async_resolve(url->host, url->port, asio::use_awaitable);
    if (!url->secure) {
      websocket::stream<tcp::socket, false> stream(context);
      co_await asio::async_connect(beast::get_lowest_layer(stream), endpoints, asio::use_awaitable);
      co_await converse(stream, *url);
      co_return;
    }
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_default_verify_paths();
    tls.set_verify_mode(asio::ssl::verify_peer);
    websocket::stream<asio::ssl::stream<tcp::socket>, false> stream(context, tls);
    stream.next_layer().set_verify_callback(asio::ssl::host_name_verification(url->host));
    SSL_set_tlsext_host_name(stream.next_layer().native_handle(), url->host.c_str());
    co_await asio::async_connect(beast::get_lowest_layer(stream), endpoints, asio::use_awaitable);
    co_await stream.next_layer().async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    co_await converse(stream, *url);
  }

  template <class Stream>
  asio::awaitable<void> converse(Stream& stream, const client_url& url) {
    // The peer's Engine.IO pings keep the connection alive; silence past the timeout ends it.
    websocket::stream_base::timeout limits{std::chrono::seconds(10), std::chrono::seconds(100), false};
    stream.set_option(limits);
    stream.read_message_max(message_bytes_max);
    co_await stream.async_handshake(url.authority(), "/socket.io/?EIO=4&transport=websocket", asio::use_awaitable);
    beast::flat_buffer buffer;
    for (;;) {
      buffer.clear();
      co_await stream.async_read(buffer, asio::use_awaitable);
      const std::string_view message(static_cast<const char*>(buffer.data().data()), buffer.size());
      for (const auto& answer : take(message)) {
        stream.text(true);
        co_await stream.async_write(asio::buffer(answer), asio::use_awaitable);
      }
    }
  }

  /// Engine.IO v4 message in, messages to send out.
  std::vector<std::string> take(std::string_view message) {
    if (message.empty()) return {};
    switch (message.front()) {
      case '0': {  // OPEN: CONNECT to "/"
        return {"40" + json::write(object{{"token", options.token}})};
      }
      case '1':
        throw connection_lost("closed by the server");
      case '2':
        return {"3"};
      case '4':
        return take_packet(message.substr(1));
      default:
        return {};
    }
  }

  std::vector<std::string> take_packet(std::string_view packet) {
    const char type = packet.empty() ? ' ' : packet.front();
    packet.remove_prefix(packet.empty() ? 0 : 1);
    if (type == '0') return was_connected = true, std::vector<std::string>{};
    if (type == '1') throw connection_lost("disconnected by the server");
    const auto start = std::min(packet.find_first_of("[{"), packet.size());
    const auto body = json::parse(packet.substr(start));
    if (!body) return {};
    if (type == '4') {
      const auto* code = body->at_pointer("/data/code");
      const auto* text = body->find("message");
      const std::string shown(code ? code->as_string() : text ? text->as_string() : "refused");
      if (is_final(shown)) throw refused_for_good("refused: " + shown);
      throw connection_lost(shown);
    }
    const auto* args = body->if_array();
    if (args == nullptr || args->empty()) return {};
    if (type == '3') return take_ack(args->front()), std::vector<std::string>{};
    if (type == '2' && args->size() > 1) return take_event(args->front().as_string(), (*args)[1]);
    return {};
  }

  void take_ack(const value& answer) {
    if (const auto* ok = answer.find("ok"); ok != nullptr && ok->as_bool()) {
      if (const auto* recovered = answer.find("recovered"); recovered && !recovered->as_bool(true) && asked_since) {
        notice("what came before could not be recovered: the cursor is too old");
      }
      if (options.on_subscribed) options.on_subscribed();
      return;
    }
    const auto* code = answer.at_pointer("/error/code");
    const auto* text = answer.at_pointer("/error/message");
    const std::string shown(code ? code->as_string() : "internal");
    auto line = "subscribe: " + shown;
    if (text != nullptr) line += " (" + std::string(text->as_string()) + ")";
    if (is_final(shown) && shown != "rate_limited") throw refused_for_good(line);
    throw connection_lost(line);
  }

  std::vector<std::string> take_event(std::string_view name, const value& event) {
    if (name == "connection.established") return subscribe(event);
    if (name == "connection.error") {
      const auto* code = event.at_pointer("/data/code");
      notice("connection.error: " + std::string(code ? code->as_string() : "unknown"));
      return {};
    }
    if (name == "subscribed" || name == "unsubscribed" || name == "pong") return {};
    if (const auto* mark = event.find("cursor")) cursor = mark->as_string();
    if (options.on_event) options.on_event(event);
    return {};
  }

  /// The rooms asked for; with a cursor the ones joined by themselves too, whose past is wanted as well.
  std::vector<std::string> subscribe(const value& established) {
    notice("connected");
    array rooms;
    for (const auto& room : options.rooms) rooms.emplace_back(room);
    object command;
    asked_since = !cursor.empty();
    if (asked_since || options.last) {
      if (const auto* own = established.at_pointer("/data/rooms"); own != nullptr && own->if_array() != nullptr) {
        for (const auto& room : *own->if_array()) {
          if (std::ranges::find(options.rooms, room.as_string()) == options.rooms.end()) rooms.push_back(room);
        }
      }
    }
    if (asked_since) {
      command.set("since", cursor);
    } else if (options.last) {
      command.set("last", static_cast<std::int64_t>(*options.last));
    } else if (const auto* mark = established.find("cursor")) {
      // A connection lost before the first event must come back to here, not to its end.
      cursor = mark->as_string();
    }
    if (rooms.empty()) {
      if (options.on_subscribed) options.on_subscribed();
      return {};
    }
    command.set("room", std::move(rooms));
    return {"421" + json::write(array{"subscribe", std::move(command)})};
  }
};

listen_client::listen_client(listen_options options) : state_(std::make_unique<state>(std::move(options))) {}
listen_client::~listen_client() = default;

bool listen_client::run() {
  asio::co_spawn(state_->context, state_->listen(), [](const std::exception_ptr&) {});
  state_->context.run();
  if (state_->failure) state_->notice(*state_->failure);
  return !state_->failure;
}

void listen_client::stop() { state_->context.stop(); }

}  // namespace fanfare::server

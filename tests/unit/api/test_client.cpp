#include "api/test_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <stdexcept>

namespace fanfare::test {

http_answer call(std::uint16_t port, const std::string& method, const std::string& target, const header_list& headers,
                 const std::string& body) {
  namespace beast = boost::beast;
  boost::asio::io_context context;
  beast::tcp_stream stream(context);
  stream.connect(boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), port));
  beast::http::request<beast::http::string_body> request;
  request.method_string(method);
  request.target(target);
  request.version(11);
  request.set("Host", "127.0.0.1");
  request.set("Connection", "close");
  for (const auto& [name, content] : headers) {
    if (name == "Host") request.erase(name);  // two are one too many (RFC 9112 §3.2)
    request.insert(name, content);
  }
  request.body() = body;
  request.prepare_payload();
  // A body past its bound is answered and cut off before all of it has been sent.
  boost::system::error_code cut;
  beast::http::write(stream, request, cut);
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(boost::none);
  if (method == "HEAD") parser.skip(true);
  beast::http::read(stream, buffer, parser);
  http_answer answer;
  answer.status = parser.get().result_int();
  for (const auto& field : parser.get())
    answer.headers.add(std::string(field.name_string()), std::string(field.value()));
  answer.body = parser.get().body();
  return answer;
}

struct client::connection {
  boost::asio::io_context context;
  boost::beast::websocket::stream<boost::beast::tcp_stream, false> stream{context};  // without deflate
};

client::client(std::uint16_t port, const header_list& headers, const std::string& path, const std::string& query)
    : connection_(std::make_unique<connection>()) {
  namespace websocket = boost::beast::websocket;
  auto& stream = connection_->stream;
  stream.next_layer().connect(boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), port));
  stream.set_option(websocket::stream_base::decorator([headers](websocket::request_type& request) {
    for (const auto& [name, content] : headers) request.set(name, content);
  }));
  stream.handshake("127.0.0.1", path + "?EIO=4&transport=websocket" + query);
  open_ = json::parse(read().substr(1)).value();
}

client::~client() = default;

char client::connect(const std::string& token, const std::string& nsp) {
  prefix_ = nsp == "/" ? "" : nsp + ",";
  write("40" + prefix_ + (token.empty() ? std::string("{}") : json::write(object{{"token", token}})));
  const auto answer = read();
  const auto body = answer.substr(2 + prefix_.size());
  if (answer[1] == '4') refusal = json::parse(body).value();
  return answer[1];
}

array client::event() {
  if (!pending_.empty()) return take();
  for (;;) {
    const auto packet = read();
    if (packet.starts_with("42")) return *json::parse(packet.substr(2 + prefix_.size())).value().if_array();
  }
}

value client::event(const std::string& name) {
  auto got = event();
  if (got.at(0).as_string() != name) throw std::runtime_error("expected " + name + ", got " + json::write(got));
  return got.at(1);
}

void client::emit(const std::string& name, const value& argument) {
  write("42" + prefix_ + json::write(array{name, argument}));
}

value client::ask(const std::string& name, const value& argument) {
  const auto id = std::to_string(++last_ack_);
  write("42" + prefix_ + id + json::write(array{name, argument}));
  for (;;) {
    const auto packet = read();
    const auto mark = "43" + prefix_ + id;
    if (packet.starts_with(mark)) return json::parse(packet.substr(mark.size())).value().if_array()->at(0);
    if (packet.starts_with("42")) pending_.push_back(packet.substr(2 + prefix_.size()));
  }
}

bool client::ends() {
  try {
    for (;;) {
      const auto packet = read();
      if (!packet.starts_with("41") && packet != "1" && packet != "2") return false;
    }
  } catch (const boost::system::system_error&) {
    return true;
  }
}

void client::write(const std::string& packet) { connection_->stream.write(boost::asio::buffer(packet)); }

std::string client::read() {
  boost::beast::flat_buffer buffer;
  std::optional<boost::system::error_code> done;
  connection_->stream.async_read(buffer, [&done](boost::system::error_code code, std::size_t) { done = code; });
  connection_->context.restart();
  connection_->context.run_for(patience);
  if (!done) throw std::runtime_error("nothing came");
  if (*done) throw boost::system::system_error(*done);
  auto text = boost::beast::buffers_to_string(buffer.data());
  if (text == "2") {
    write("3");
    return read();
  }
  return text;
}

void client::close() { connection_->stream.close(boost::beast::websocket::close_code::normal); }

array client::take() {
  auto text = std::move(pending_.front());
  pending_.pop_front();
  return *json::parse(text).value().if_array();
}

}  // namespace fanfare::test

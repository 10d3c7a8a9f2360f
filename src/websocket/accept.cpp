#include <exception>
#include <utility>

#include <fanfare/websocket/connection.hpp>

#include "websocket/connection_driver.hpp"
#include "websocket/handshake.hpp"

namespace fanfare::websocket {

void accept(const http::exchange_ptr& exchange, executor& target, const options& settings,
            std::function<void(connection_ptr)> opened) {
  std::variant<handshake, http::response> answer;
  try {
    answer = answer_handshake(exchange->request(), settings);
  } catch (const std::exception&) {  // OpenSSL without SHA-1
    answer = http::response::problem(500, "Internal Server Error", "internal");
  }
  if (auto* refusal = std::get_if<http::response>(&answer)) return exchange->respond(std::move(*refusal));
  // The request outlives the exchange, which HTTP wants back.
  exchange->upgrade(target, [request = exchange->request(), settings, &target, opened = std::move(opened),
                             agreed = std::get<handshake>(std::move(answer))](std::unique_ptr<net::byte_stream> stream,
                                                                              std::string leftover) mutable {
    std::make_shared<connection_driver>(std::move(stream), target, std::move(request), settings, std::move(agreed))
        ->start(opened, std::move(leftover));
  });
}

}  // namespace fanfare::websocket

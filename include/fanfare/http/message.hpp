#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/base/bytes.hpp>

namespace fanfare::http {

/// Header fields in the order they came; names compare without case (RFC 9110 §5.1).
class fields {
 public:
  using field = std::pair<std::string, std::string>;  // name and content

  /// Adds one, also where there is one of that name.
  void add(std::string name, std::string content) { fields_.emplace_back(std::move(name), std::move(content)); }
  /// Replaces all of that name.
  void set(std::string_view name, std::string content);
  /// Removes all of that name.
  void remove(std::string_view name);
  /// The first field of that name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
  /// Whether a comma-separated field holds the token, without case (Connection, Upgrade).
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const noexcept;
  [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
  [[nodiscard]] auto end() const noexcept { return fields_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }

 private:
  std::vector<field> fields_;
};

/// One whole request. `path` and parameters are percent-decoded; `target` and `query` are as sent.
struct request {
  /// GET, POST and so on.
  std::string method;
  std::string target;                                       // path and query as sent
  std::string path;                                         // decoded
  std::string query;                                        // without '?'
  std::vector<std::pair<std::string, std::string>> params;  // what the route's {names} matched
  http::fields headers;                                     // its header fields
  std::string body;                                         // whole, unless the route streams it
  std::string remote_address;                               // IP of the peer, without port
  bool secure = false;                                      // came over TLS

  /// What the route's {name} matched; "" without.
  [[nodiscard]] std::string_view param(std::string_view name) const noexcept;
};

/// One whole answer.
struct response {
  unsigned status = 200;  // of HTTP
  http::fields headers;   // its header fields
  shared_bytes body;      // sent as it is, or compressed

  [[nodiscard]] static response text(unsigned status, std::string body);  // text/plain
  [[nodiscard]] static response json(unsigned status, std::string body);  // application/json
  /// application/problem+json (RFC 9457).
  [[nodiscard]] static response problem(unsigned status, std::string_view title, std::string_view code = {},
                                        std::string_view detail = {}, std::string_view pointer = {});
};

/// application/x-www-form-urlencoded pairs, decoded, in order. Malformed escapes stay as they are.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);
[[nodiscard]] std::string percent_decode(std::string_view text, bool plus_is_space = false);
/// The first value of that name.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);
/// The reason phrase of a status code (RFC 9110 §15).
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

}  // namespace fanfare::http

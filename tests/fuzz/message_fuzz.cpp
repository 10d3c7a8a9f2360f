// Query strings and percent-encoding: decoding never grows a text, and what was encoded comes back.
#include <string>

#include <fanfare/http/message.hpp>

#include "fuzz_input.hpp"

namespace {

std::string percent_encode(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789aBcDeF";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  using fuzz::require;
  const auto text = fuzz::as_text(data, size);
  require(http::percent_decode(text).size() <= size, "decoding never grows a text");
  require(http::percent_decode(percent_encode(text)) == text, "decode(encode(x)) = x");

  const auto pairs = http::parse_query(text);
  std::string again;
  for (const auto& [name, content] : pairs) {
    require(http::query_value(text, name).has_value(), "a name that is there is found");
    again += (again.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(content);
  }
  if (!pairs.empty()) require(http::parse_query(again) == pairs, "parse(write(x)) = x");
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    bool is_first = true;
    for (std::size_t j = 0; j < i; ++j) is_first = is_first && pairs[j].first != pairs[i].first;
    if (is_first) require(http::query_value(text, pairs[i].first) == pairs[i].second, "query_value is the first one");
  }

  http::fields headers;
  auto rest = text;
  const auto token = fuzz::take_until(rest, '\n');
  headers.add("Connection", std::string(rest));
  if (headers.has_token("connection", token))
    require(rest.find(',') != rest.npos || rest.size() >= token.size(), "a token is part of its field");
  return 0;
}

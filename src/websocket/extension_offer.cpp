#include "websocket/extension_offer.hpp"

#include <algorithm>

namespace fanfare::websocket {
namespace {

bool is_token_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// extension-list = 1#( token *( ";" token [ "=" ( token | quoted-string ) ] ) ), RFC 6455 §9.1
class scanner {
 public:
  explicit scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() {
    skip_space();
    return text_.empty();
  }
  bool accept(char c) {
    skip_space();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] std::optional<std::string> token() {
    skip_space();
    const auto end = std::find_if_not(text_.begin(), text_.end(), is_token_character);
    std::string taken(text_.begin(), end);
    text_.remove_prefix(taken.size());
    if (taken.empty()) return std::nullopt;
    return taken;
  }
  // "When using the quoted-string syntax variant, the value after unescaping MUST conform to the token ABNF."
  [[nodiscard]] std::optional<std::string> token_or_quoted() {
    if (!accept('"')) return token();
    std::string taken;
    while (!text_.empty() && text_.front() != '"') {
      if (text_.front() == '\\') text_.remove_prefix(1);
      if (text_.empty()) return std::nullopt;
      taken.push_back(text_.front());
      text_.remove_prefix(1);
    }
    if (text_.empty() || !is_token(taken)) return std::nullopt;
    text_.remove_prefix(1);
    return taken;
  }

 private:
  void skip_space() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t"), text_.size())); }
  std::string_view text_;
};

std::optional<extension_offer> parse_one(scanner& in) {
  extension_offer offer;
  auto name = in.token();
  if (!name) return std::nullopt;
  offer.name = std::move(*name);
  while (in.accept(';')) {
    extension_offer::parameter parameter;
    name = in.token();
    if (!name) return std::nullopt;
    parameter.name = std::move(*name);
    if (in.accept('=')) {
      parameter.content = in.token_or_quoted();
      if (!parameter.content) return std::nullopt;
    }
    offer.parameters.push_back(std::move(parameter));
  }
  return offer;
}

// RFC 7692 §7.1.2: decimal, no leading zeros, 8 to 15.
std::optional<unsigned> window_bits(const std::string& text) noexcept {
  if (text == "8" || text == "9") return static_cast<unsigned>(text[0] - '0');
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5')
    return 10U + static_cast<unsigned>(text[1] - '0');
  return std::nullopt;
}

struct deflate_offer {
  bool server_no_context_takeover = false, client_no_context_takeover = false, client_window_known = false;
  std::optional<unsigned> server_bits, client_bits;
};

std::optional<deflate_offer> read_deflate(const extension_offer& offer) {
  deflate_offer out;
  bool server_bits_seen = false;
  for (const auto& [name, content] : offer.parameters) {
    bool* seen = equals_without_case(name, "server_no_context_takeover")   ? &out.server_no_context_takeover
                 : equals_without_case(name, "client_no_context_takeover") ? &out.client_no_context_takeover
                 : equals_without_case(name, "server_max_window_bits")     ? &server_bits_seen
                 : equals_without_case(name, "client_max_window_bits")     ? &out.client_window_known
                                                                           : nullptr;
    if (seen == nullptr || *seen) return std::nullopt;
    *seen = true;
    const bool takes_bits = seen == &server_bits_seen || seen == &out.client_window_known;
    if (!takes_bits) {
      if (content) return std::nullopt;
      continue;
    }
    if (!content) {
      if (seen == &server_bits_seen) return std::nullopt;  // §7.1.2.1: only the client's may stand without a value
      continue;
    }
    const auto bits = window_bits(*content);
    if (!bits) return std::nullopt;
    (seen == &server_bits_seen ? out.server_bits : out.client_bits) = bits;
  }
  return out;
}

std::optional<deflate_agreement> accept_deflate(const deflate_offer& offer, const deflate_options& ours) {
  // zlib cannot compress with a window of 8 bits; saying yes and using 9 would break such a client.
  if (offer.server_bits && *offer.server_bits < 9) return std::nullopt;
  // §7.1.2.2: a client that does not name the parameter cannot be told to use a smaller window.
  const unsigned our_client_bits = std::clamp(ours.client_max_window_bits, 9U, 15U);
  if (!offer.client_window_known && our_client_bits < 15) return std::nullopt;

  deflate_agreement out;
  out.answer = "permessage-deflate";
  out.server_no_context_takeover = offer.server_no_context_takeover || ours.server_no_context_takeover;
  out.client_no_context_takeover = offer.client_no_context_takeover || ours.client_no_context_takeover;
  out.server_max_window_bits =
      std::min(offer.server_bits.value_or(15), std::clamp(ours.server_max_window_bits, 9U, 15U));
  out.client_max_window_bits = std::min(offer.client_bits.value_or(15), our_client_bits);
  if (out.server_no_context_takeover) out.answer += "; server_no_context_takeover";
  if (out.client_no_context_takeover) out.answer += "; client_no_context_takeover";
  if (offer.server_bits || out.server_max_window_bits < 15) {
    out.answer += "; server_max_window_bits=" + std::to_string(out.server_max_window_bits);
  }
  if (out.client_max_window_bits < 15) {
    out.answer += "; client_max_window_bits=" + std::to_string(out.client_max_window_bits);
  }
  return out;
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool equals_without_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

result<std::vector<extension_offer>> parse_extensions(const http::fields& headers) {
  std::vector<extension_offer> offers;
  for (const auto& [name, content] : headers) {
    if (!equals_without_case(name, "Sec-WebSocket-Extensions")) continue;
    scanner in(content);
    bool separated = true;
    while (!in.at_end()) {
      if (in.accept(',')) {  // RFC 9110 §5.6.1.2: empty elements are to be endured
        separated = true;
        continue;
      }
      auto offer = separated ? parse_one(in) : std::nullopt;
      if (!offer) return error{errc::bad_request, "malformed Sec-WebSocket-Extensions", {}};
      offers.push_back(std::move(*offer));
      separated = false;
    }
  }
  return offers;
}

std::optional<deflate_agreement> agree_on_deflate(const std::vector<extension_offer>& offers,
                                                  const deflate_options& ours) {
  for (const auto& offer : offers) {
    if (!equals_without_case(offer.name, "permessage-deflate")) continue;
    const auto read = read_deflate(offer);
    if (!read) continue;
    if (auto agreed = accept_deflate(*read, ours)) return agreed;
  }
  return std::nullopt;
}

}  // namespace fanfare::websocket

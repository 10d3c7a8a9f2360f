#include <array>
#include <cstdint>
#include <utility>

#include <fanfare/base/base64.hpp>

namespace fanfare {

namespace {

constexpr char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t foreign = 0xFF;
using decoding = std::array<std::uint8_t, 256>;

constexpr decoding invert(const char* alphabet, const char* also = nullptr) {
  decoding table{};
  table.fill(foreign);
  for (const auto* letters : {alphabet, also}) {
    for (std::uint8_t i = 0; letters != nullptr && i < 64; ++i) table[static_cast<std::uint8_t>(letters[i])] = i;
  }
  return table;
}

constexpr decoding from_standard = invert(standard);
constexpr decoding from_url_safe = invert(url_safe);
constexpr decoding from_either = invert(standard, url_safe);

std::uint32_t byte(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::string encode(std::string_view bytes, const char* alphabet, bool padded) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  auto* to = out.data();
  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) {
    const auto group = byte(bytes, at) << 16 | byte(bytes, at + 1) << 8 | byte(bytes, at + 2);
    *to++ = alphabet[group >> 18];
    *to++ = alphabet[group >> 12 & 63];
    *to++ = alphabet[group >> 6 & 63];
    *to++ = alphabet[group & 63];
  }
  if (const auto rest = bytes.size() - at; rest != 0) {
    const auto group = byte(bytes, at) << 16 | (rest == 2 ? byte(bytes, at + 1) << 8 : 0);
    *to++ = alphabet[group >> 18];
    *to++ = alphabet[group >> 12 & 63];
    if (rest == 2) *to++ = alphabet[group >> 6 & 63];
    if (!padded) out.resize(static_cast<std::size_t>(to - out.data()));
  }
  return out;
}

error malformed(std::string_view what) { return {errc::bad_request, std::string(what), {}}; }

/// Letters of `table` only, no padding. `spare_bits` says whether bits past the last byte may be set.
result<std::string> decode(std::string_view text, const decoding& table, bool spare_bits) {
  if (text.size() % 4 == 1) return malformed("base64 of an impossible length");
  std::string out(text.size() / 4 * 3 + (text.size() % 4 * 3) / 4, '\0');
  auto* to = out.data();
  std::uint32_t seen = 0;  // a foreign letter leaves its top bits here: one test for all, after the loop
  std::size_t at = 0;
  for (; at + 4 <= text.size(); at += 4) {
    const std::uint32_t a = table[byte(text, at)], b = table[byte(text, at + 1)], c = table[byte(text, at + 2)],
                        d = table[byte(text, at + 3)];
    seen |= a | b | c | d;
    const auto group = a << 18 | b << 12 | c << 6 | d;
    *to++ = static_cast<char>(group >> 16);
    *to++ = static_cast<char>(group >> 8);
    *to++ = static_cast<char>(group);
  }
  if (const auto rest = text.size() - at; rest != 0) {
    const std::uint32_t a = table[byte(text, at)], b = table[byte(text, at + 1)],
                        c = rest == 3 ? table[byte(text, at + 2)] : 0;
    seen |= a | b | c;
    const auto group = a << 18 | b << 12 | c << 6;
    *to++ = static_cast<char>(group >> 16);
    if (rest == 3) *to++ = static_cast<char>(group >> 8);
    if (!spare_bits && (group & (rest == 3 ? 0xFFU : 0xFFFFU)) != 0) return malformed("base64 with spare bits set");
  }
  if (seen > 63) return malformed("a character outside the base64 alphabet");
  return out;
}

}  // namespace

std::string base64_encode(std::string_view bytes) { return encode(bytes, standard, true); }
std::string base64url_encode(std::string_view bytes) { return encode(bytes, url_safe, false); }

result<std::string> base64_decode(std::string_view text, base64_rule rule) {
  if (rule == base64_rule::strict) {
    if (text.size() % 4 != 0) return malformed("base64 without its padding");
    if (text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
    return decode(text, from_standard, false);
  }
  const auto unpadded = [](std::string_view padded) {
    for (int padding = 0; padding < 2 && padded.ends_with('='); ++padding) padded.remove_suffix(1);
    return decode(padded, from_either, true);
  };
  auto bytes = unpadded(text);
  if (bytes) return bytes;
  // White space is rare and never decodes, so only what has failed is searched for it.
  std::string spaceless(text);
  std::erase_if(spaceless, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  return spaceless.size() == text.size() ? std::move(bytes) : unpadded(spaceless);
}

result<std::string> base64url_decode(std::string_view text) { return decode(text, from_url_safe, false); }

}  // namespace fanfare

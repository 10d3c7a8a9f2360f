#include <fanfare/base/utf8.hpp>

#include <cstring>

namespace fanfare {

namespace {

/// How many bytes from `at` are ASCII, counted in steps of eight: the rest is left to the caller.
std::size_t ascii_run(std::string_view bytes, std::size_t at) noexcept {
  const auto from = at;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  return at - from;
}

}  // namespace

bool utf8_validator::lead(unsigned char byte) noexcept {
  // RFC 3629 §4: the lead byte decides how many follow and narrows the first of them.
  low_ = 0x80;
  high_ = 0xBF;
  if (byte < 0x80) return true;
  if (byte < 0xC2 || byte > 0xF4) return false;
  if (byte < 0xE0) {
    pending_ = 1;
  } else if (byte < 0xF0) {
    pending_ = 2;
    if (byte == 0xE0) low_ = 0xA0;   // shorter would be overlong
    if (byte == 0xED) high_ = 0x9F;  // U+D800 to U+DFFF
  } else {
    pending_ = 3;
    if (byte == 0xF0) low_ = 0x90;
    if (byte == 0xF4) high_ = 0x8F;  // past U+10FFFF
  }
  return true;
}

bool utf8_validator::feed(std::string_view chunk) noexcept {
  for (std::size_t i = 0; i < chunk.size() && !failed_;) {
    if (pending_ == 0) {
      i += valid_utf8_prefix(chunk.substr(i));  // whole sequences at speed, the odd one byte by byte
      if (i == chunk.size()) break;
      failed_ = !lead(static_cast<unsigned char>(chunk[i++]));
      continue;
    }
    const auto byte = static_cast<unsigned char>(chunk[i++]);
    failed_ = byte < low_ || byte > high_;
    low_ = 0x80;
    high_ = 0xBF;
    --pending_;
  }
  return !failed_;
}

std::size_t valid_utf8_prefix(std::string_view bytes) noexcept {
  std::size_t at = 0;
  const auto in = [&](std::size_t offset, unsigned low, unsigned high) {
    if (at + offset >= bytes.size()) return false;
    const auto byte = static_cast<unsigned char>(bytes[at + offset]);
    return low <= byte && byte <= high;
  };
  while (true) {
    at += ascii_run(bytes, at);
    if (at >= bytes.size()) return bytes.size();
    const auto lead = static_cast<unsigned char>(bytes[at]);
    if (lead < 0x80) {
      ++at;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
      if (!in(1, 0x80, 0xBF)) return at;
      at += 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      if (!in(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) || !in(2, 0x80, 0xBF)) return at;
      at += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      if (!in(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) || !in(2, 0x80, 0xBF) || !in(3, 0x80, 0xBF)) {
        return at;
      }
      at += 4;
    } else {
      return at;
    }
  }
}

bool is_valid_utf8(std::string_view bytes) noexcept { return valid_utf8_prefix(bytes) == bytes.size(); }

}  // namespace fanfare

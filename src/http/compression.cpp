#include "http/compression.hpp"

#include <zlib.h>

#include <array>
#include <limits>

#include "http/token.hpp"

namespace fanfare::http {

namespace {

// qvalue in thousandths (RFC 9110 §12.4.2); -1 when it is none.
int quality(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  if (text.size() > 1 && text[1] != '.') return -1;
  int thousandths = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(text.size() > 1 ? 2 : 1)) {
    if (!is_digit(c)) return -1;
    thousandths += (c - '0') * unit;
    unit /= 10;
  }
  return thousandths <= 1000 ? thousandths : -1;
}

}  // namespace

coding choose_coding(std::string_view accept_encoding) noexcept {
  constexpr int unsaid = -1;
  int gzip = unsaid, deflate = unsaid, identity = unsaid, any = unsaid;
  while (!accept_encoding.empty()) {
    auto rest = take_until(accept_encoding, ',');
    const auto name = trim(take_until(rest, ';'));
    int liking = 1000;
    while (!rest.empty()) {
      auto parameter = trim(take_until(rest, ';'));
      if (iequals(trim(take_until(parameter, '=')), "q")) liking = quality(trim(parameter));
    }
    if (liking < 0) continue;
    if (iequals(name, "gzip") || iequals(name, "x-gzip"))
      gzip = liking;
    else if (iequals(name, "deflate"))
      deflate = liking;
    else if (iequals(name, "identity"))
      identity = liking;
    else if (name == "*")
      any = liking;
  }
  if (gzip == unsaid) gzip = any;
  if (deflate == unsaid) deflate = any;
  if (gzip > 0 && gzip >= deflate && gzip >= identity) return coding::gzip;
  if (deflate > 0 && deflate >= identity) return coding::deflate;
  return coding::identity;
}

std::string_view to_string(coding which) noexcept {
  switch (which) {
    case coding::gzip:
      return "gzip";
    case coding::deflate:
      return "deflate";
    default:
      return "identity";
  }
}

std::optional<std::string> compress(coding which, std::string_view body) {
  constexpr int window_bits = 15, gzip_wrapping = 16, memory_level = 8, level = 6;
  if (which == coding::identity || body.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  z_stream stream{};
  // "deflate" is the zlib format of RFC 1950, whatever its name says (RFC 9110 §8.4.1.2).
  const int bits = which == coding::gzip ? window_bits + gzip_wrapping : window_bits;
  if (deflateInit2(&stream, level, Z_DEFLATED, bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) return std::nullopt;
  std::string out(deflateBound(&stream, static_cast<uLong>(body.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (ended != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace fanfare::http

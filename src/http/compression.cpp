#include "http/compression.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "http/token.hpp"

namespace fanfare::http {

namespace {

constexpr int window_bits = 15, gzip_wrapping = 16;

// "deflate" is the zlib format of RFC 1950, whatever its name says (RFC 9110 §8.4.1.2).
constexpr int zlib_bits(coding which) noexcept {
  return which == coding::gzip ? window_bits + gzip_wrapping : window_bits;
}

error malformed() { return {errc::bad_request, "the body is not what Content-Encoding says", {}}; }

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
  constexpr int memory_level = 8, level = 6;
  if (which == coding::identity || body.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, zlib_bits(which), memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
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

result<coding> parse_coding(std::string_view content_encoding) noexcept {
  const auto name = trim(content_encoding);
  if (name.empty() || iequals(name, "identity")) return coding::identity;
  if (iequals(name, "gzip") || iequals(name, "x-gzip")) return coding::gzip;
  if (iequals(name, "deflate")) return coding::deflate;
  return errc::unsupported_media_type;
}

void body_decoder::inflate_end::operator()(z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

body_decoder::body_decoder(coding which) : which_(which) {
  if (which == coding::identity) return;
  auto made = std::make_unique<z_stream>();
  if (inflateInit2(made.get(), zlib_bits(which)) == Z_OK) stream_.reset(made.release());
}

result<bool> body_decoder::decode(std::string_view& input, std::string& out, std::size_t bytes_max) {
  if (which_ == coding::identity) {
    const auto taken = input.substr(0, bytes_max);
    out += taken;
    input.remove_prefix(taken.size());
    return !input.empty();
  }
  if (!stream_) return errc::overload;
  const auto begin = out.size();
  const auto given = input.substr(0, std::numeric_limits<uInt>::max());
  out.resize(begin + std::min<std::size_t>(bytes_max, std::numeric_limits<uInt>::max()));
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(given.data()));
  stream_->avail_in = static_cast<uInt>(given.size());
  stream_->next_out = reinterpret_cast<Bytef*>(out.data() + begin);
  stream_->avail_out = static_cast<uInt>(out.size() - begin);
  int step = Z_OK;
  while (step == Z_OK && stream_->avail_out > 0 && (stream_->avail_in > 0 || pending_)) {
    // RFC 1952 §2.2: a gzip file may be several members, one after another.
    if (ended_ && (which_ != coding::gzip || inflateReset(stream_.get()) != Z_OK)) break;
    pending_ = false;
    step = inflate(stream_.get(), Z_NO_FLUSH);
    ended_ = step == Z_STREAM_END;
    if (ended_ || step == Z_BUF_ERROR) step = Z_OK;
  }
  pending_ = stream_->avail_out == 0 && !ended_;
  out.resize(out.size() - stream_->avail_out);
  input.remove_prefix(given.size() - stream_->avail_in);
  const bool goes_on_after_its_end = ended_ && which_ != coding::gzip && stream_->avail_in > 0;
  if (step != Z_OK || goes_on_after_its_end) return malformed();
  return pending_ || !input.empty();
}

result<void> body_decoder::finish() const {
  if (which_ == coding::identity || ended_) return {};
  return malformed();
}

result<std::string> decompress(coding which, std::string_view body, std::size_t bytes_max) {
  constexpr std::size_t step_bytes = 16384;
  body_decoder decoder(which);
  std::string out;
  for (bool more = true; more;) {
    const auto decoded = decoder.decode(body, out, step_bytes);
    if (!decoded) return decoded.error();
    if (out.size() > bytes_max) return errc::payload_too_large;
    more = *decoded;
  }
  if (auto whole = decoder.finish(); !whole) return whole.error();
  return out;
}

}  // namespace fanfare::http

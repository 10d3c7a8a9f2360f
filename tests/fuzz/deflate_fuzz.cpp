// RFC 7692 §7.2: any bytes inflate to the same, within the bound, however they are cut; what was deflated comes back,
// message after message. First byte: bits 0 to 2 how much smaller than 15 the window is, bit 3 no context takeover,
// bits 4 to 7 the level.
#include <string>

#include "fuzz_input.hpp"
#include "websocket/deflate.hpp"

namespace {

using namespace fanfare;
using fuzz::require;
using status = websocket::inflater::status;

constexpr std::size_t out_bytes_max = 16384;

void inflate_anything(std::string_view bytes, unsigned window_bits, bool no_takeover) {
  status first = status::ok;
  std::string first_out;
  for (const auto how : fuzz::cuts) {
    websocket::inflater one(window_bits, no_takeover);
    std::string out;
    status now = status::ok;
    fuzz::feed_in_parts(bytes, how, [&](const char* part, std::size_t length) {
      now = one.feed({part, length}, out, out_bytes_max);
      require(out.size() <= out_bytes_max, "never past the bound");
      return now == status::ok;
    });
    if (now == status::ok) now = one.finish(out, out_bytes_max);
    require(out.size() <= out_bytes_max, "never past the bound");
    if (how == fuzz::cut::whole) {
      first = now, first_out = std::move(out);
      continue;
    }
    if (now == status::ok && first == status::ok) require(out == first_out, "the same bytes however cut");
    // A peer that reaches further back than the window it agreed to is refused by zlib only where the bytes it reaches
    // for are gone, which depends on the cuts. At 15 nothing reaches further.
    if (window_bits == 15) require(now == first, "the same verdict however cut");
  }
}

void round_trip(std::string_view bytes, int level, unsigned window_bits, bool no_takeover) {
  websocket::deflater out_side(level, window_bits, no_takeover);
  websocket::inflater in_side(window_bits, no_takeover);
  for (bool more = true; more;) {
    more = bytes.find('\n') != std::string_view::npos;
    const auto message = fuzz::take_until(bytes, '\n');
    std::string small, back;
    require(out_side.message(message, small), "memory is not short here");
    require(in_side.feed(small, back, message.size()) == status::ok, "what was deflated inflates");
    require(in_side.finish(back, message.size()) == status::ok && back == message, "inflate(deflate(x)) = x");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned window_bits = 15 - (data[0] & 7);
  const bool no_takeover = (data[0] & 8) != 0;
  const int level = (data[0] >> 4) % 10;
  const auto bytes = fuzz::as_text(data + 1, size - 1);
  inflate_anything(bytes, window_bits, no_takeover);
  round_trip(bytes, level, window_bits < 9 ? 9 : window_bits, no_takeover);
  return 0;
}

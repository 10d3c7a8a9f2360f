// RFC 6455 §5, RFC 7692 §6: however a client's bytes are cut, the same messages, control frames and failure come out,
// within their bounds. The first byte of an input chooses what was agreed: bit 0 permessage-deflate, bit 1 without
// context takeover, bits 2 to 4 how much smaller than 15 the window is, bit 5 small bounds.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fanfare/base/utf8.hpp>

#include "fuzz_input.hpp"
#include "websocket/close_payload.hpp"
#include "websocket/message_assembler.hpp"

namespace {

using namespace fanfare;
using fuzz::require;
using websocket::assembled;

struct agreement {
  bool deflate, no_takeover;
  unsigned window_bits;
  websocket::assembler_limits limits;
};

bool same(const assembled& a, const assembled& b) { return a.type == b.type && a.code == b.code && a.bytes == b.bytes; }

class reader {
 public:
  explicit reader(const agreement& with)
      : limits_(with.limits),
        assembler_(with.limits, with.deflate ? std::make_unique<websocket::inflater>(with.window_bits, with.no_takeover)
                                             : nullptr) {}

  void feed(std::span<char> input) {
    for (;;) {
      auto item = assembler_.next(input);
      if (item.type == assembled::kind::none) {
        require(input.empty(), "takes everything before it wants more");
        return;
      }
      require(!over_, "nothing comes after the end");
      check(item);
      over_ = item.type == assembled::kind::close || item.type == assembled::kind::failure;
      seen.push_back(std::move(item));
    }
  }
  std::vector<assembled> seen;

 private:
  void check(const assembled& item) const {
    switch (item.type) {
      case assembled::kind::text:
        require(is_valid_utf8(item.bytes), "text is UTF-8");
        [[fallthrough]];
      case assembled::kind::binary:
        require(item.bytes.size() <= limits_.message_bytes_max, "no message past the bound");
        break;
      case assembled::kind::close:
        require(item.code == 1005 || websocket::may_travel(item.code), "a close code that may travel");
        require(is_valid_utf8(item.bytes), "a reason is UTF-8");
        break;
      case assembled::kind::failure:
        require(item.code == 1002 || item.code == 1007 || item.code == 1009, "a failure is §7.4.1's");
        break;
      default:
        require(item.bytes.size() <= websocket::control_payload_bytes_max, "§5.5: 125 bytes");
    }
  }
  websocket::assembler_limits limits_;
  websocket::message_assembler assembler_;
  bool over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned options = data[0];
  agreement with{(options & 1) != 0, (options & 2) != 0, 15 - (options >> 2 & 7), {65536, 64}};
  if ((options & 32) != 0) with.limits = {32, 3};
  const auto bytes = fuzz::as_text(data + 1, size - 1);
  std::vector<assembled> first;
  for (const auto how : fuzz::cuts) {
    reader one(with);
    fuzz::feed_in_parts(bytes, how, [&](char* part, std::size_t length) {
      one.feed({part, length});
      return true;
    });
    if (how == fuzz::cut::whole) {
      first = std::move(one.seen);
      continue;
    }
    // With a smaller window zlib's verdict on a peer that reaches past it depends on the cuts (deflate_fuzz.cpp).
    if (with.deflate && with.window_bits < 15) continue;
    require(std::equal(first.begin(), first.end(), one.seen.begin(), one.seen.end(), same),
            "the same events however the bytes are cut");
  }
  return 0;
}

// RFC 6455 §5.2: a header that reads as whole writes back to its own bytes, and each prefix has its verdict for good.
#include "fuzz_input.hpp"
#include "websocket/close_payload.hpp"
#include "websocket/frame_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  using fuzz::require;
  using websocket::decode_status;
  const auto bytes = fuzz::as_text(data, size);
  const auto whole = websocket::decode_header(bytes);
  require(whole.size <= size && whole.size <= websocket::header_bytes_max, "reads no more than there is");

  bool decided = false;
  for (std::size_t i = 0; i <= size && i <= 2 * websocket::header_bytes_max; ++i) {
    const auto part = websocket::decode_header(bytes.substr(0, i));
    if (decided)
      require(part.status == whole.status && part.size == whole.size, "a verdict does not change");
    else if (part.status != decode_status::partial) {
      decided = true;
      require(part.status == whole.status && part.size == whole.size && part.reason == whole.reason,
              "the verdict of a prefix is that of the whole");
      if (part.status == decode_status::whole) require(part.size == i, "whole as soon as its last byte is there");
    }
  }
  if (whole.status == decode_status::bad) require(!whole.reason.empty(), "a refusal says why");
  if (whole.status == decode_status::whole) {
    require(whole.header.length >> 63 == 0, "§5.2: the most significant bit is 0");
    if (is_control(whole.header.code)) require(whole.header.fin && whole.header.length <= 125, "§5.5");
    char out[websocket::header_bytes_max];
    const auto written = websocket::encode_header(whole.header, out);
    require(std::string_view(out, written) == bytes.substr(0, whole.size), "encode(decode(x)) = x");
  }

  const auto close = websocket::decode_close(bytes);
  if (close.fault != 0) return 0;
  if (size == 0) return 0;
  require(websocket::may_travel(close.code), "a close code that may travel");
  if (size <= websocket::control_payload_bytes_max) {
    require(websocket::encode_close(close.code, close.reason) == bytes, "close: encode(decode(x)) = x");
  }
  return 0;
}

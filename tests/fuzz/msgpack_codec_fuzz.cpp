// MessagePack from strangers: what decodes, encoded, decodes to what encodes the same (NaN is not equal to itself),
// and in the bounds asked for.
#include <string>

#include <fanfare/base/utf8.hpp>
#include <fanfare/socketio/msgpack_codec.hpp>

#include "fuzz_input.hpp"

namespace {

using namespace fanfare;
using fuzz::require;

std::size_t count(const value& item, unsigned depth, unsigned depth_max) {
  require(depth <= depth_max, "no deeper than the bound");
  std::size_t total = 1;
  if (const auto* text = item.if_string()) require(is_valid_utf8(*text), "strings are UTF-8");
  if (const auto* items = item.if_array()) {
    for (const auto& each : *items) total += count(each, depth + 1, depth_max);
  }
  if (const auto* members = item.if_object()) {
    for (const auto& [name, each] : *members) {
      require(is_valid_utf8(name), "names are UTF-8");
      total += count(each, depth + 1, depth_max);
    }
  }
  return total;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace msgpack = socketio::msgpack;
  // An ext of a kind unknown is an array of two values: one level more.
  const msgpack::decode_options options{.depth_max = 16, .values_max = 200};
  const auto first = msgpack::decode(fuzz::as_text(data, size), options);
  if (!first) return 0;
  require(count(*first, 0, options.depth_max + 1) <= 3 * options.values_max, "no more values than the bound");
  const auto written = msgpack::encode(*first);
  const auto second = msgpack::decode(written, {.depth_max = 64});
  require(second.has_value(), "what is written decodes");
  require(msgpack::encode(*second) == written, "encode(decode(x)) is stable");
  return 0;
}

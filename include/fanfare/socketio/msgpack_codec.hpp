// MessagePack as notepack.io 3 writes and reads it: value <-> bytes. Pure.
// Used by: msgpack_parser, and by fleets' adapters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::socketio::msgpack {

/// Minimal integers, float64 for the rest, str and bin by UTF-8 and bytes; decimals as uint64 where they fit,
/// else as float64.
void append(std::string& out, const value& item);
[[nodiscard]] std::string encode(const value& item);

/// Bounds of decoding.
struct decode_options {
  unsigned depth_max = 64;          // of arrays and maps in each other
  std::size_t values_max = 250000;  // values and members in all: bounds memory per input byte
};

/// The whole of `bytes` must be one value. Integers past int64 become decimals; map keys that are no strings get
/// their text, as JavaScript does; a Date (ext -1, and notepack's older ext 0) becomes its RFC 3339 text, ext 0 of one
/// byte (undefined) null, ext 0 otherwise (ArrayBuffer) binary, and any other ext [type, binary].
/// Fails: bad_request, invalid_utf8, too_deep, over_limit.
[[nodiscard]] result<value> decode(std::string_view bytes, const decode_options& options = {});

}  // namespace fanfare::socketio::msgpack

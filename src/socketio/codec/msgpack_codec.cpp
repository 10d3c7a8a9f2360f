#include <fanfare/socketio/msgpack_codec.hpp>

#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>

#include <fanfare/base/json.hpp>
#include <fanfare/base/rfc3339.hpp>
#include <fanfare/base/utf8.hpp>

namespace fanfare::socketio::msgpack {
namespace {

void put(std::string& out, unsigned byte) { out.push_back(static_cast<char>(byte)); }

/// `size` bytes, most significant first.
void put_big_endian(std::string& out, std::uint64_t number, unsigned size) {
  while (size-- != 0) put(out, static_cast<unsigned>(number >> (8 * size)) & 0xFF);
}

void put_real(std::string& out, double number) {
  put(out, 0xcb);
  put_big_endian(out, std::bit_cast<std::uint64_t>(number), 8);
}

void put_unsigned(std::string& out, std::uint64_t number) {
  if (number < 0x80) return put(out, static_cast<unsigned>(number));
  const unsigned log = number < 0x100 ? 0 : number < 0x10000 ? 1 : number < 0x100000000 ? 2 : 3;
  put(out, 0xcc + log);
  put_big_endian(out, number, 1U << log);
}

void put_integer(std::string& out, std::int64_t number) {
  if (number >= 0) return put_unsigned(out, static_cast<std::uint64_t>(number));
  const auto bits = static_cast<std::uint64_t>(number);
  if (number >= -0x20) return put(out, static_cast<unsigned>(bits & 0xFF));
  const unsigned log = number >= -0x80 ? 0 : number >= -0x8000 ? 1 : number >= -0x80000000LL ? 2 : 3;
  put(out, 0xd0 + log);
  put_big_endian(out, bits, 1U << log);
}

/// notepack writes every double without a fraction as an integer; -0 too.
void put_double(std::string& out, double number) {
  if (std::floor(number) != number || !std::isfinite(number)) return put_real(out, number);
  if (number >= 0 && number < 18446744073709551616.0) return put_unsigned(out, static_cast<std::uint64_t>(number));
  if (number < 0 && number >= -9223372036854775808.0) return put_integer(out, static_cast<std::int64_t>(number));
  put_real(out, number);
}

void put_decimal(std::string& out, const decimal& number) {
  std::uint64_t whole = 0;
  const char* end = number.text.data() + number.text.size();
  const auto [stop, failure] = std::from_chars(number.text.data(), end, whole);
  if (failure == std::errc{} && stop == end) return put_unsigned(out, whole);
  put_double(out, value(number).as_double());
}

/// A head of 0xXX + log, then the size in 1, 2 or 4 bytes; sizes up to `fixed_max` go into one byte.
void put_size(std::string& out, std::size_t size, std::size_t fixed_max, unsigned fixed, unsigned head,
              bool has_8_bit) {
  if (size <= fixed_max) return put(out, fixed | static_cast<unsigned>(size));
  unsigned log = size < 0x100 ? 0 : size < 0x10000 ? 1 : 2;
  if (!has_8_bit && log == 0) log = 1;
  put(out, head + log - (has_8_bit ? 0 : 1));
  put_big_endian(out, size, 1U << log);
}

void put_string(std::string& out, std::string_view text) {
  put_size(out, text.size(), 31, 0xa0, 0xd9, true);
  out.append(text);
}

class reader {
 public:
  reader(std::string_view bytes, const decode_options& options) : bytes_(bytes), options_(options) {}

  result<value> read_whole() {
    auto item = read(0);
    if (item && !bytes_.empty()) return bad(std::to_string(bytes_.size()) + " trailing bytes");
    return item;
  }

 private:
  static error bad(std::string what) { return {errc::bad_request, std::move(what), {}}; }
  static error short_of() { return bad("the bytes end inside a value"); }

  std::uint64_t take_big_endian(unsigned size) {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < size; ++i) number = number << 8 | static_cast<unsigned char>(bytes_[i]);
    bytes_.remove_prefix(size);
    return number;
  }

  result<value> read(unsigned depth) {
    if (++values_ > options_.values_max) return error{errc::over_limit, "too many values", {}};
    if (bytes_.empty()) return short_of();
    const auto head = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    if (head < 0x80) return value(static_cast<int>(head));
    if (head < 0x90) return read_map(head & 0x0f, depth);
    if (head < 0xa0) return read_array(head & 0x0f, depth);
    if (head < 0xc0) return read_string(head & 0x1f);
    if (head >= 0xe0) return value(static_cast<int>(head) - 0x100);
    if (head >= 0xca && head <= 0xd3) return read_number(head);
    if (head >= 0xd4 && head <= 0xd8) return read_extension(1U << (head - 0xd4));
    switch (head) {
      case 0xc0:
        return value(nullptr);
      case 0xc2:
        return value(false);
      case 0xc3:
        return value(true);
      case 0xc1:
        return bad("0xc1 is no MessagePack");
      default:
        return read_sized(head, depth);
    }
  }

  result<value> read_number(unsigned head) {
    static constexpr unsigned sizes[] = {4, 8, 1, 2, 4, 8, 1, 2, 4, 8};
    const unsigned size = sizes[head - 0xca];
    if (bytes_.size() < size) return short_of();
    const auto bits = take_big_endian(size);
    switch (head) {
      case 0xca:
        return value(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
      case 0xcb:
        return value(std::bit_cast<double>(bits));
      case 0xd0:
        return value(static_cast<std::int8_t>(bits));
      case 0xd1:
        return value(static_cast<std::int16_t>(bits));
      case 0xd2:
        return value(static_cast<std::int32_t>(bits));
      case 0xd3:
        return value(static_cast<std::int64_t>(bits));
      default:
        return value(bits);
    }
  }

  /// What has its size in 1, 2 or 4 bytes after the head.
  result<value> read_sized(unsigned head, unsigned depth) {
    const auto size_of = [head] {
      if (head >= 0xdc) return head % 2 == 0 ? 2U : 4U;    // array, map: 16, 32
      if (head >= 0xd9) return 1U << (head - 0xd9);        // str: 8, 16, 32
      return 1U << (head - (head >= 0xc7 ? 0xc7 : 0xc4));  // bin, ext: 8, 16, 32
    };
    const unsigned width = size_of();
    if (bytes_.size() < width) return short_of();
    const auto size = static_cast<std::size_t>(take_big_endian(width));
    if (head >= 0xde) return read_map(size, depth);
    if (head >= 0xdc) return read_array(size, depth);
    if (head >= 0xd9) return read_string(size);
    if (head >= 0xc7) return read_extension(size);
    return read_binary(size);
  }

  result<value> read_binary(std::size_t size) {
    if (bytes_.size() < size) return short_of();
    auto bytes = shared_bytes::copy(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return value(std::move(bytes));
  }

  result<value> read_string(std::size_t size) {
    if (bytes_.size() < size) return short_of();
    const auto text = bytes_.substr(0, size);
    if (!is_valid_utf8(text)) return error{errc::invalid_utf8, "a string is no UTF-8", {}};
    bytes_.remove_prefix(size);
    return value(text);
  }

  result<value> read_array(std::size_t size, unsigned depth) {
    if (depth >= options_.depth_max) return error{errc::too_deep, "nested too deep", {}};
    if (bytes_.size() < size) return short_of();  // a value takes a byte at least: nothing is reserved on a claim
    array items;
    items.reserve(std::min<std::size_t>(size, 64));
    for (std::size_t i = 0; i < size; ++i) {
      auto item = read(depth + 1);
      if (!item) return item;
      items.push_back(std::move(*item));
    }
    return value(std::move(items));
  }

  result<value> read_map(std::size_t size, unsigned depth) {
    if (depth >= options_.depth_max) return error{errc::too_deep, "nested too deep", {}};
    if (bytes_.size() / 2 < size) return short_of();
    object members;
    for (std::size_t i = 0; i < size; ++i) {
      auto key = read(depth + 1);
      if (!key) return key;
      if (key->if_array() != nullptr || key->if_object() != nullptr || key->if_binary() != nullptr) {
        return bad("a map's key is no name");
      }
      auto item = read(depth + 1);
      if (!item) return item;
      auto name = key->if_string() != nullptr ? std::move(*key->if_string()) : json::write(*key);
      // Look-up is linear: a large map is taken as it comes, and of a repeated name the first is found.
      if (size <= 64) {
        members.set(std::move(name), std::move(*item));
      } else {
        members.append(std::move(name), std::move(*item));
      }
    }
    return value(std::move(members));
  }

  static result<value> date(double ms) {
    if (!(std::abs(ms) <= 8.64e15)) return bad("a date out of range");
    return value(format_rfc3339(utc_time(std::chrono::milliseconds(static_cast<std::int64_t>(std::floor(ms))))));
  }

  result<value> read_extension(std::size_t size) {
    if (bytes_.size() < size + 1) return short_of();
    const auto type = static_cast<std::int8_t>(take_big_endian(1));
    if (type == -1) {
      if (size == 4) return date(static_cast<double>(take_big_endian(4)) * 1e3);
      if (size == 8) {
        const auto bits = take_big_endian(8);
        return date(static_cast<double>(bits & 0x3ffffffffULL) * 1e3 + static_cast<double>(bits >> 34) / 1e6);
      }
      if (size == 12) {
        const auto nanoseconds = take_big_endian(4);
        const auto seconds = static_cast<std::int64_t>(take_big_endian(8));
        return date(static_cast<double>(seconds) * 1e3 + static_cast<double>(nanoseconds) / 1e6);
      }
    }
    if (type == 0 && size == 1) {
      bytes_.remove_prefix(1);
      return value(nullptr);
    }
    if (type == 0 && size == 8) return date(static_cast<double>(static_cast<std::int64_t>(take_big_endian(8))));
    auto bytes = read_binary(size);
    if (!bytes || type == 0) return bytes;
    return value(array{value(type), std::move(*bytes)});
  }

  std::string_view bytes_;
  const decode_options& options_;
  std::size_t values_ = 0;
};

}  // namespace

void append(std::string& out, const value& item) {
  switch (item.type()) {
    case value::kind::null:
      return put(out, 0xc0);
    case value::kind::boolean:
      return put(out, item.as_bool() ? 0xc3 : 0xc2);
    case value::kind::integer:
      return put_integer(out, *item.if_integer());
    case value::kind::real:
      return put_double(out, *item.if_real());
    case value::kind::decimal:
      return put_decimal(out, *item.if_decimal());
    case value::kind::string:
      return put_string(out, *item.if_string());
    case value::kind::binary: {
      const auto bytes = item.if_binary()->view();
      const unsigned log = bytes.size() < 0x100 ? 0 : bytes.size() < 0x10000 ? 1 : 2;
      put(out, 0xc4 + log);
      put_big_endian(out, bytes.size(), 1U << log);
      out.append(bytes);
      return;
    }
    case value::kind::array:
      put_size(out, item.if_array()->size(), 15, 0x90, 0xdc, false);
      for (const auto& element : *item.if_array()) append(out, element);
      return;
    case value::kind::object:
      put_size(out, item.if_object()->size(), 15, 0x80, 0xde, false);
      for (const auto& [name, element] : *item.if_object()) {
        put_string(out, name);
        append(out, element);
      }
      return;
  }
}

std::string encode(const value& item) {
  std::string out;
  append(out, item);
  return out;
}

result<value> decode(std::string_view bytes, const decode_options& options) {
  return reader(bytes, options).read_whole();
}

}  // namespace fanfare::socketio::msgpack

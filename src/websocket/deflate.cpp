#include "websocket/deflate.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace fanfare::websocket {
namespace {

constexpr std::string_view tail("\x00\x00\xff\xff", 4);  // RFC 7692 §7.2.1: removed at the end of each message
constexpr std::size_t step_bytes = 16384;                // inflated or deflated at a time
constexpr int after_block = 128;                         // zlib.h, data_type: "if stopped right after a block"

Bytef* input(std::string_view bytes) noexcept {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib reads only; next_in lacks a const
}

// zlib counts in 32 bits.
std::string_view take_front(std::string_view& bytes) noexcept {
  const auto part = bytes.substr(0, std::numeric_limits<uInt>::max());
  bytes.remove_prefix(part.size());
  return part;
}

}  // namespace

inflater::inflater(unsigned window_bits, bool no_context_takeover) noexcept
    : window_bits_(std::clamp(window_bits, 8U, 15U)), no_context_takeover_(no_context_takeover) {}

inflater::~inflater() { release(); }

bool inflater::open() {
  if (is_open_) return true;
  stream_ = {};
  is_open_ = inflateInit2(&stream_, -static_cast<int>(window_bits_)) == Z_OK;  // negative: raw DEFLATE
  return is_open_;
}

void inflater::release() noexcept {
  if (is_open_) inflateEnd(&stream_);
  is_open_ = false;
}

inflater::status inflater::feed(std::string_view in, std::string& out, std::size_t out_bytes_max) {
  if (!open()) return status::corrupt;
  std::array<char, step_bytes> buffer;
  while (!in.empty()) {
    const auto part = take_front(in);
    stream_.next_in = input(part);
    stream_.avail_in = static_cast<uInt>(part.size());
    bool more = true;  // output may be pending though all input is taken
    while (more) {
      block_ended_ = false;
      // One byte past the bound tells a message of exactly the bound from a longer one.
      const std::size_t room = std::min(buffer.size(), out_bytes_max - out.size() + 1);
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = static_cast<uInt>(room);
      const int outcome = inflate(&stream_, Z_SYNC_FLUSH);
      const std::size_t made = room - stream_.avail_out;
      const std::size_t fits = std::min(made, out_bytes_max - out.size());
      out.append(buffer.data(), fits);
      if (made > fits) return status::too_large;
      if (outcome == Z_STREAM_END) {
        // RFC 7692 §7.2.3.5: a BFINAL block may stand in a message, and the window outlives it. inflateReset would
        // forget the window; copying it out and in costs 32 KiB for each such block, and a block is 2 bytes.
        if (inflateResetKeep(&stream_) != Z_OK) return status::corrupt;
        block_ended_ = stream_.avail_in == 0;
      } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
        return status::corrupt;
      }
      more = stream_.avail_in > 0 || (stream_.avail_out == 0 && !block_ended_);
    }
  }
  return status::ok;
}

inflater::status inflater::finish(std::string& out, std::size_t out_bytes_max) {
  // Peers that end a message with a BFINAL block and forget the byte 00 after it (§7.2.3.4) leave nothing for the
  // tail to complete.
  if (!block_ended_) {
    const status outcome = feed(tail, out, out_bytes_max);
    if (outcome != status::ok) return outcome;
    if ((stream_.data_type & after_block) == 0) return status::corrupt;
  }
  block_ended_ = false;
  if (no_context_takeover_) release();
  return status::ok;
}

deflater::deflater(int level, unsigned window_bits, bool no_context_takeover) noexcept
    : level_(std::clamp(level, 0, 9)),
      window_bits_(std::clamp(window_bits, 9U, 15U)),
      no_context_takeover_(no_context_takeover) {}

deflater::~deflater() { release(); }

void deflater::release() noexcept {
  if (is_open_) deflateEnd(&stream_);
  is_open_ = false;
}

bool deflater::message(std::string_view in, std::string& out) {
  if (in.empty()) {
    out.push_back('\0');  // §7.2.3.6; zlib makes nothing of a second flush without input
    return true;
  }
  if (!is_open_) {
    stream_ = {};
    constexpr int memory_level = 8;  // zlib's default
    if (deflateInit2(&stream_, level_, Z_DEFLATED, -static_cast<int>(window_bits_), memory_level, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      return false;
    }
    is_open_ = true;
  }
  std::array<char, step_bytes> buffer;
  while (!in.empty()) {
    const auto part = take_front(in);
    stream_.next_in = input(part);
    stream_.avail_in = static_cast<uInt>(part.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = static_cast<uInt>(buffer.size());
      deflate(&stream_, in.empty() ? Z_SYNC_FLUSH : Z_NO_FLUSH);
      out.append(buffer.data(), buffer.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }
  out.resize(out.size() - tail.size());
  if (no_context_takeover_) release();
  return true;
}

}  // namespace fanfare::websocket

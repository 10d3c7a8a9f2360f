#include "websocket/message_assembler.hpp"

#include <algorithm>

#include "websocket/close_payload.hpp"
#include "websocket/masking.hpp"

namespace fanfare::websocket {

using kind = assembled::kind;

message_assembler::message_assembler(assembler_limits limits, std::unique_ptr<inflater> inflate) noexcept
    : limits_(limits), inflate_(std::move(inflate)) {}

assembled message_assembler::next(std::span<char>& input) {
  for (;;) {
    if (ended_) {
      input = {};
      return {};
    }
    if (!in_frame_) {
      if (auto failed = read_header(input); failed.type != kind::none) return failed;
      if (!in_frame_) return {};
    }
    const auto part =
        input.first(static_cast<std::size_t>(std::min<std::uint64_t>(header_.length - taken_, input.size())));
    input = input.subspan(part.size());
    if (auto failed = take(part); failed.type != kind::none) return failed;
    if (taken_ < header_.length) return {};
    in_frame_ = false;
    if (auto whole = end_frame(); whole.type != kind::none) return whole;
  }
}

assembled message_assembler::fail(std::uint16_t code, std::string_view reason) {
  ended_ = true;
  std::string().swap(message_);
  inflate_.reset();
  return {kind::failure, code, std::string(reason)};
}

assembled message_assembler::read_header(std::span<char>& input) {
  decoded_header read;
  if (header_size_ == 0) {
    read = decode_header({input.data(), input.size()});
    if (read.status == decode_status::partial) {
      std::copy(input.begin(), input.end(), header_bytes_.begin());
      header_size_ = static_cast<std::uint8_t>(input.size());
      input = {};
    } else {
      input = input.subspan(read.size);
    }
  } else {
    while (read.status == decode_status::partial && !input.empty()) {
      header_bytes_[header_size_++] = input.front();
      input = input.subspan(1);
      read = decode_header({header_bytes_.data(), header_size_});
    }
  }
  if (read.status == decode_status::partial) return {};
  if (read.status == decode_status::bad) return fail(close_code::protocol_error, read.reason);
  header_ = read.header;
  header_size_ = 0;
  return begin_frame();
}

assembled message_assembler::begin_frame() {
  if (!header_.masked) return fail(close_code::protocol_error, "client frame not masked");  // §5.1
  in_frame_ = true;
  taken_ = 0;
  if (!is_control(header_.code)) return begin_data_frame();
  control_.clear();
  return {};
}

assembled message_assembler::begin_data_frame() {
  const bool continues = header_.code == opcode::continuation;
  if (continues != in_message_) {
    return fail(close_code::protocol_error, continues ? "nothing to continue" : "continuation expected");
  }
  if (header_.rsv1 && (continues || inflate_ == nullptr)) {  // RFC 7692 §6.1: on the first frame only
    return fail(close_code::protocol_error, "reserved bit set");
  }
  if (!continues) {
    in_message_ = true;
    is_text_ = header_.code == opcode::text;
    is_deflated_ = header_.rsv1;
    fragments_ = 0;
    wire_bytes_ = 0;
    utf8_.reset();
  }
  // Empty frames cost us work and no bytes: they are counted, too.
  if (++fragments_ > limits_.fragments_max) return fail(close_code::message_too_big, "too many fragments");
  if (header_.length > wire_bytes_max() - wire_bytes_) return fail(close_code::message_too_big, "message too big");
  wire_bytes_ += header_.length;
  return {};
}

// DEFLATE may make a message longer than it was: zlib.h's deflateBound for the poorest settings.
std::uint64_t message_assembler::wire_bytes_max() const noexcept {
  const std::uint64_t bytes = limits_.message_bytes_max;
  return is_deflated_ ? bytes + bytes / 8 + bytes / 64 + 64 : bytes;
}

assembled message_assembler::take(std::span<char> part) {
  apply_mask(part, header_.key, static_cast<std::size_t>(taken_ % header_.key.size()));
  taken_ += part.size();
  const std::string_view bytes(part.data(), part.size());
  if (is_control(header_.code)) {
    control_.append(bytes);
    return {};
  }
  if (is_deflated_) {
    const std::size_t before = message_.size();
    return judge(inflate_->feed(bytes, message_, limits_.message_bytes_max), before);
  }
  if (is_text_ && !utf8_.feed(bytes)) return fail(close_code::invalid_payload, "text is not UTF-8");
  message_.append(bytes);
  return {};
}

// What inflate added past `checked` is looked at first: in the stream it stands before the fault, and the verdict must
// not depend on how the bytes were split.
assembled message_assembler::judge(inflater::status outcome, std::size_t checked) {
  if (is_text_ && !utf8_.feed(std::string_view(message_).substr(checked))) {
    return fail(close_code::invalid_payload, "text is not UTF-8");
  }
  if (outcome == inflater::status::too_large) return fail(close_code::message_too_big, "message too big");
  if (outcome == inflater::status::corrupt) return fail(close_code::invalid_payload, "corrupt compressed data");
  return {};
}

assembled message_assembler::end_frame() {
  switch (header_.code) {
    case opcode::close:
      return end_close();
    case opcode::ping:
      return {kind::ping, 0, std::move(control_)};
    case opcode::pong:
      return {kind::pong, 0, std::move(control_)};
    default:
      return header_.fin ? end_message() : assembled{};
  }
}

assembled message_assembler::end_message() {
  if (is_deflated_) {
    const std::size_t before = message_.size();
    auto failed = judge(inflate_->finish(message_, limits_.message_bytes_max), before);
    if (failed.type != kind::none) return failed;
  }
  if (is_text_ && !utf8_.complete()) return fail(close_code::invalid_payload, "text is not UTF-8");
  in_message_ = false;
  assembled whole{is_text_ ? kind::text : kind::binary, 0, std::move(message_)};
  message_ = {};
  return whole;
}

assembled message_assembler::end_close() {
  auto body = decode_close(control_);
  if (body.fault == close_code::protocol_error) return fail(body.fault, "bad close frame");
  if (body.fault != 0) return fail(body.fault, "close reason is not UTF-8");
  ended_ = true;
  return {kind::close, body.code, std::move(body.reason)};
}

}  // namespace fanfare::websocket

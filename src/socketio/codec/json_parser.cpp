// Socket.IO v5 text packets: <type>[<attachments>-][<namespace>,][<id>][<JSON>], attachments following as binary
// messages. Inbound next: client. Outbound next: engineio::socket. Pure but for the packet being put together.
#include <algorithm>
#include <charconv>

#include <fanfare/base/json.hpp>

#include "socketio/codec/attachments.hpp"
#include "socketio/codec/packet_rules.hpp"

namespace fanfare::socketio {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The number written by the digits at the front of `text`, which are taken away; nothing past `max`.
std::optional<std::uint64_t> take_number(std::string_view& text, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || number > max) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

class json_codec final : public parser {
 public:
  explicit json_codec(const packet_limits& limits) : limits_(limits) {}

  [[nodiscard]] std::vector<engineio::outbound> encode(const packet& out) const override {
    const bool may_hold_bytes = out.type == packet_type::event || out.type == packet_type::ack;
    if (!may_hold_bytes || !out.data.has_binary()) {
      return {engineio::encode_text(write(out, static_cast<char>('0' + static_cast<int>(out.type)), 0, out.data))};
    }
    std::vector<shared_bytes> attachments;
    const value data = take_out_attachments(out.data, attachments);
    std::vector<engineio::outbound> frames;
    frames.reserve(attachments.size() + 1);
    frames.push_back(
        engineio::encode_text(write(out, out.type == packet_type::event ? '5' : '6', attachments.size(), data)));
    for (const auto& bytes : attachments) frames.push_back(engineio::encode_binary(bytes.view()));
    return frames;
  }

  [[nodiscard]] result<std::optional<packet>> decode(std::string bytes, bool binary) override {
    if (binary) return take_attachment(std::move(bytes));
    if (pending_) return error{errc::protocol_violation, "got plaintext data when reconstructing a packet", {}};
    return decode_text(bytes);
  }

 private:
  static std::string write(const packet& out, char type, std::size_t attachments, const value& data) {
    std::string text(1, type);
    if (attachments != 0) text.append(std::to_string(attachments)).push_back('-');
    if (!out.nsp.empty() && out.nsp != "/") text.append(out.nsp).push_back(',');
    if (out.id) text += std::to_string(*out.id);
    if (!data.is_null()) json::append(text, data);
    return text;
  }

  result<std::optional<packet>> decode_text(std::string_view text) {
    if (text.empty() || text.front() < '0' || text.front() > '6')
      return error{errc::bad_request, "unknown packet type", {}};
    packet in;
    in.type = static_cast<packet_type>(text.front() - '0');
    text.remove_prefix(1);
    const bool has_attachments = in.type == packet_type::binary_event || in.type == packet_type::binary_ack;
    if (has_attachments) {
      auto counted = take_attachment_count(text);
      if (!counted) return counted.error();
      missing_ = *counted;
    }
    if (!text.empty() && text.front() == '/') {
      const auto comma = std::min(text.find(','), text.size());
      if (comma > limits_.namespace_bytes_max) return error{errc::over_limit, "namespace too long", {}};
      in.nsp = text.substr(0, comma);
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
    if (!text.empty() && is_digit(text.front())) {
      in.id = take_number(text, packet_id_max);
      if (!in.id) return error{errc::bad_request, "packet id out of range", {}};
    }
    if (auto read = read_data(in, text); !read) return read.error();
    if (!has_attachments) return std::optional(std::move(in));
    in.type = in.type == packet_type::binary_event ? packet_type::event : packet_type::ack;
    pending_ = std::move(in);
    return std::optional<packet>{};
  }

  result<std::size_t> take_attachment_count(std::string_view& text) const {
    if (text.empty() || !is_digit(text.front())) return error{errc::bad_request, "Illegal attachments", {}};
    const auto count = take_number(text, UINT64_MAX);
    if (text.empty() || text.front() != '-' || count == std::uint64_t{0}) {
      return error{errc::bad_request, "Illegal attachments", {}};
    }
    if (!count || *count > limits_.attachments_max) return error{errc::over_limit, "too many attachments", {}};
    text.remove_prefix(1);
    return static_cast<std::size_t>(*count);
  }

  /// socket.io-parser checks a payload only when there is one: a bare "2" is a packet without data.
  result<void> read_data(packet& in, std::string_view text) const {
    if (text.empty()) return {};
    if (text.front() == ' ' || text.front() == '\t' || text.front() == '\r' || text.front() == '\n') {
      return error{errc::bad_request, "invalid payload", {}};
    }
    auto data = json::parse(text, {.depth_max = limits_.depth_max});
    if (!data) return data.error();
    if (auto checked = check_data(in.type, *data, true, limits_); !checked) return checked;
    in.data = std::move(*data);
    return {};
  }

  result<std::optional<packet>> take_attachment(std::string bytes) {
    if (!pending_) return error{errc::protocol_violation, "got binary data when not reconstructing a packet", {}};
    attachment_bytes_ += bytes.size();
    if (attachment_bytes_ > limits_.attachment_bytes_max)
      return error{errc::payload_too_large, "attachments too large", {}};
    attachments_.emplace_back(std::move(bytes));
    if (attachments_.size() < missing_) return std::optional<packet>{};
    packet whole = std::move(*pending_);
    const auto attachments = std::move(attachments_);
    pending_.reset();
    attachments_.clear();
    attachment_bytes_ = 0;
    if (auto put = put_back_attachments(whole.data, attachments); !put) return put.error();
    return std::optional(std::move(whole));
  }

  packet_limits limits_;
  std::optional<packet> pending_;  // its attachments are still coming
  std::size_t missing_ = 0;        // how many it has in all
  std::vector<shared_bytes> attachments_;
  std::size_t attachment_bytes_ = 0;
};

class json_factory final : public parser_factory {
 public:
  [[nodiscard]] std::unique_ptr<parser> make(const packet_limits& limits) const override {
    return std::make_unique<json_codec>(limits);
  }
};

}  // namespace

std::shared_ptr<const parser_factory> json_parser() {
  static const auto factory = std::make_shared<const json_factory>();
  return factory;
}

}  // namespace fanfare::socketio

// socket.io-msgpack-parser 3: every packet one binary message, a map {type, data, options, nsp, id}.
// Inbound next: client. Outbound next: engineio::socket. Pure.
#include <cmath>

#include <fanfare/socketio/msgpack_codec.hpp>
#include "socketio/codec/packet_rules.hpp"

namespace fanfare::socketio {
namespace {

std::optional<std::int64_t> whole_number(const value& item) {
  if (const auto* integer = item.if_integer()) return *integer;
  const auto* real = item.if_real();
  if (real == nullptr || std::floor(*real) != *real || std::abs(*real) > 9007199254740991.0) return std::nullopt;
  return static_cast<std::int64_t>(*real);
}

class msgpack_packets final : public parser {
 public:
  explicit msgpack_packets(const packet_limits& limits) : limits_(limits) {}

  /// The members' order is that in which Node's server sets them on a packet.
  [[nodiscard]] std::vector<engineio::outbound> encode(const packet& out) const override {
    object map;
    const bool is_ack = out.type == packet_type::ack;
    if (is_ack && out.id) map.append("id", *out.id);
    map.append("type", static_cast<int>(out.type));
    if (!out.data.is_null()) map.append("data", out.data);
    if (!is_ack && out.id) map.append("id", *out.id);
    map.append("nsp", out.nsp);
    return {engineio::encode_binary(msgpack::encode(map))};
  }

  [[nodiscard]] result<std::optional<packet>> decode(std::string bytes, bool binary) override {
    if (!binary) return error{errc::bad_request, "a packet is a binary message", {}};
    // The packet itself is one level around its data.
    auto decoded = msgpack::decode(bytes, {.depth_max = limits_.depth_max + 1});
    if (!decoded) return decoded.error();
    if (decoded->if_object() == nullptr) return error{errc::bad_request, "a packet is a map", {}};
    const auto& map = *decoded->if_object();
    const auto* type = map.find("type");
    const auto number = type == nullptr ? std::nullopt : whole_number(*type);
    if (!number || *number < 0 || *number > 4) return error{errc::bad_request, "invalid packet type", {}};
    packet in;
    in.type = static_cast<packet_type>(*number);
    const auto* nsp = map.find("nsp");
    if (nsp == nullptr || nsp->if_string() == nullptr) return error{errc::bad_request, "invalid namespace", {}};
    if (nsp->if_string()->size() > limits_.namespace_bytes_max)
      return error{errc::over_limit, "namespace too long", {}};
    in.nsp = *nsp->if_string();
    if (auto read = read_data(in, map); !read) return read.error();
    if (const auto* id = map.find("id"); id != nullptr && !id->is_null()) {  // null: undefined of notepack 2
      const auto chosen = whole_number(*id);
      if (!chosen || *chosen < 0 || static_cast<std::uint64_t>(*chosen) > packet_id_max) {
        return error{errc::bad_request, "invalid packet id", {}};
      }
      in.id = static_cast<std::uint64_t>(*chosen);
    }
    return std::optional(std::move(in));
  }

 private:
  result<void> read_data(packet& in, const object& map) const {
    const auto* data = map.find("data");
    if (data == nullptr) {
      const bool may_lack = in.type == packet_type::connect || in.type == packet_type::disconnect;
      return may_lack ? result<void>{} : error{errc::bad_request, "invalid payload", {}};
    }
    // Clients whose packets have an undefined `data` write nil.
    const bool nothing = data->is_null() && (in.type == packet_type::connect || in.type == packet_type::disconnect);
    if (auto checked = check_data(in.type, *data, !nothing, limits_); !checked) return checked;
    auto [bytes, count] = attachments(*data);
    if (bytes > limits_.attachment_bytes_max) return error{errc::payload_too_large, "attachments too large", {}};
    if (count > limits_.attachments_max) return error{errc::over_limit, "too many attachments", {}};
    in.data = *data;
    return {};
  }

  /// Bytes and number of the binary leaves.
  static std::pair<std::size_t, std::size_t> attachments(const value& data) {
    if (const auto* bytes = data.if_binary()) return {bytes->size(), 1};
    std::pair<std::size_t, std::size_t> sum{0, 0};
    const auto add = [&sum](const value& item) {
      const auto [bytes, count] = attachments(item);
      sum.first += bytes;
      sum.second += count;
    };
    if (const auto* items = data.if_array()) {
      for (const auto& item : *items) add(item);
    } else if (const auto* members = data.if_object()) {
      for (const auto& [name, item] : *members) add(item);
    }
    return sum;
  }

  packet_limits limits_;
};

class msgpack_factory final : public parser_factory {
 public:
  [[nodiscard]] std::unique_ptr<parser> make(const packet_limits& limits) const override {
    return std::make_unique<msgpack_packets>(limits);
  }
};

}  // namespace

std::shared_ptr<const parser_factory> msgpack_parser() {
  static const auto factory = std::make_shared<const msgpack_factory>();
  return factory;
}

}  // namespace fanfare::socketio

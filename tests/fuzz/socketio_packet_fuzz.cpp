// Socket.IO messages, the first byte choosing parser and cut: what decodes is encoded, and decodes to the same again.

#include <cstdlib>

#include <fanfare/socketio/packet.hpp>

namespace {

using namespace fanfare::socketio;

std::optional<packet> again(const parser_factory& factory, const packet& out) {
  const auto parser = factory.make({});
  for (const auto& message : parser->encode(out)) {
    // A text message's Engine.IO type comes off first.
    auto decoded = parser->decode(std::string(message->message().substr(message->binary() ? 0 : 1)), message->binary());
    if (!decoded) std::abort();
    if (decoded.value()) return std::move(*decoded.value());
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  if (size < 2) return 0;
  const auto factory = data[0] & 1 ? msgpack_parser() : json_parser();
  const auto parser = factory->make({});
  // What is before a zero byte is the first message, text for JSON; the rest are attachments.
  std::string_view rest(data + 1, size - 1);
  for (bool first = true; !rest.empty(); first = false) {
    const std::string_view part = data[0] & 1 ? rest : rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    auto decoded = parser->decode(std::string(part), !first || (data[0] & 1) != 0);
    if (!decoded) return 0;
    if (!decoded.value()) continue;
    const packet& in = *decoded.value();
    const auto out = again(*factory, in);
    if (!out || out->type != in.type || out->nsp != in.nsp || out->id != in.id || !(out->data == in.data)) std::abort();
  }
  return 0;
}

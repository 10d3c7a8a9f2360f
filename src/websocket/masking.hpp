#pragma once

#include <cstddef>
#include <span>

#include "websocket/frame_codec.hpp"

// RFC 6455 §5.3 masking, in place. Inbound next: message_assembler. Masking and unmasking are the same operation.

namespace fanfare::websocket {

/// `offset` is the position of the first byte in the frame's payload, for payloads that come in parts.
void apply_mask(std::span<char> bytes, const masking_key& key, std::size_t offset) noexcept;

}  // namespace fanfare::websocket

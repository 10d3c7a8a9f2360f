// Socket.IO v5 binary packets: values with bytes <-> values with placeholders and a list of attachments. Pure.
// Used by: json_parser, both ways.
#pragma once

#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::socketio {

/// A copy in which each binary leaf is {"_placeholder":true,"num":n}; the bytes go to `out`, depth first, in the
/// order in which Node takes them out.
[[nodiscard]] value take_out_attachments(const value& data, std::vector<shared_bytes>& out);

/// Puts the bytes back in place. Fails: bad_request, a placeholder's number names no attachment.
[[nodiscard]] result<void> put_back_attachments(value& data, const std::vector<shared_bytes>& attachments);

}  // namespace fanfare::socketio

#include "socketio/codec/attachments.hpp"

#include <cmath>

namespace fanfare::socketio {

value take_out_attachments(const value& data, std::vector<shared_bytes>& out) {
  if (const auto* bytes = data.if_binary()) {
    object placeholder;
    placeholder.append("_placeholder", true);
    placeholder.append("num", out.size());
    out.push_back(*bytes);
    return placeholder;
  }
  if (const auto* items = data.if_array()) {
    array copy;
    copy.reserve(items->size());
    for (const auto& item : *items) copy.push_back(take_out_attachments(item, out));
    return copy;
  }
  if (const auto* members = data.if_object()) {
    object copy;
    for (const auto& [name, item] : *members) copy.append(name, take_out_attachments(item, out));
    return copy;
  }
  return data;
}

result<void> put_back_attachments(value& data, const std::vector<shared_bytes>& attachments) {
  if (auto* items = data.if_array()) {
    for (auto& item : *items) {
      if (auto put = put_back_attachments(item, attachments); !put) return put;
    }
    return {};
  }
  auto* members = data.if_object();
  if (members == nullptr) return {};
  const value* mark = members->find("_placeholder");
  if (mark == nullptr || !mark->as_bool()) {
    for (auto& [name, item] : *members) {
      if (auto put = put_back_attachments(item, attachments); !put) return put;
    }
    return {};
  }
  const value* number = members->find("num");
  const double index = number != nullptr && number->is_number() ? number->as_double(-1) : -1;
  if (!(index >= 0) || index >= static_cast<double>(attachments.size()) || index != std::floor(index)) {
    return error{errc::bad_request, "illegal attachments", {}};
  }
  data = attachments[static_cast<std::size_t>(index)];
  return {};
}

}  // namespace fanfare::socketio

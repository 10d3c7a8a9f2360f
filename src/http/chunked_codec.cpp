#include "http/chunked_codec.hpp"

#include <algorithm>

#include "http/token.hpp"

namespace fanfare::http {

chunked_codec::step chunked_codec::feed(std::string_view& input, std::string& body) {
  while (!input.empty()) {
    if (state_ == state::data) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      body.append(input.substr(0, count));
      input.remove_prefix(count);
      left_ -= count;
      if (left_ == 0) state_ = state::data_cr;
      continue;
    }
    const char c = input.front();
    input.remove_prefix(1);
    if (!take(c)) return step::malformed;
    if (done_) return step::complete;
    // Refused as soon as the size is known, not when its bytes have come.
    if (left_ > body_bytes_max_ - std::min(body.size(), body_bytes_max_)) return step::too_large;
  }
  return step::need_more;
}

bool chunked_codec::take(char c) {
  switch (state_) {
    case state::size_start:
    case state::size:
      return take_size(c);
    case state::extension:
      if (c == '\r') {
        state_ = state::size_lf;
        return true;
      }
      return !is_control(c) && ++extension_bytes_ <= extension_bytes_max;
    case state::size_lf:
      state_ = left_ == 0 ? state::trailer : state::data;
      return c == '\n';
    case state::data_cr:
      state_ = state::data_lf;
      return c == '\r';
    case state::data_lf:
      state_ = state::size_start;
      return c == '\n';
    default:
      return take_trailer(c);
  }
}

// chunk-size = 1*HEXDIG, and nothing around it: white space before ';' is where decoders disagree.
bool chunked_codec::take_size(char c) {
  const int digit = hex_digit(c);
  if (digit >= 0) {
    if (left_ >> 59 != 0) return false;
    left_ = left_ * 16 + static_cast<unsigned>(digit);
    size_digits_ = state_ == state::size_start ? 1 : size_digits_ + 1;
    state_ = state::size;
    return size_digits_ <= size_digits_max;
  }
  if (state_ == state::size_start) return false;
  if (c == '\r')
    state_ = state::size_lf;
  else if (c == ';')
    state_ = state::extension;
  else
    return false;
  return true;
}

bool chunked_codec::take_trailer(char c) {
  if (++trailer_bytes_ > trailer_bytes_max) return false;
  if (trailer_cr_) {
    if (c != '\n') return false;
    trailer_cr_ = false;
    done_ = trailer_line_bytes_ == 0;
    trailer_line_bytes_ = 0;
    return true;
  }
  if (c == '\r') {
    trailer_cr_ = true;
    return true;
  }
  ++trailer_line_bytes_;
  return !is_control(c);
}

}  // namespace fanfare::http

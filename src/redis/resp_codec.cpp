#include "redis/resp_codec.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace fanfare::redis {

namespace {

constexpr std::size_t compact_past_bytes = 65536;

template <class Number>
bool read_number(std::string_view text, Number& out) {
  // RESP allows a plus sign, from_chars does not.
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failure == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

bool reply::is_error(std::string_view code) const noexcept {
  return is_error() && text.starts_with(code) && (text.size() == code.size() || text[code.size()] == ' ');
}

const reply* reply::find(std::string_view key) const noexcept {
  if (type != kind::map && type != kind::array) return nullptr;
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    if (elements[i].text == key) return &elements[i + 1];
  }
  return nullptr;
}

result<std::optional<reply>> resp_reader::next() {
  if (failure_) return *failure_;
  for (;;) {
    const auto before = at_;
    const auto outcome = read_item();
    consumed_ += at_ - before;
    if (outcome == step::failed) return *failure_;
    if (consumed_ > limits_.bytes_max) return fail(errc::payload_too_large, "a reply is too large"), *failure_;
    if (at_ >= compact_past_bytes || at_ == buffer_.size()) {
      buffer_.erase(0, at_);
      scanned_ = scanned_ > at_ ? scanned_ - at_ : 0;
      at_ = 0;
    }
    if (whole_) {
      consumed_ = elements_ = 0;
      return std::exchange(whole_, std::nullopt);
    }
    if (outcome == step::more) return std::optional<reply>();
  }
}

resp_reader::step resp_reader::fail(errc code, std::string_view why) {
  failure_ = error{code, "redis: " + std::string(why), {}};
  buffer_.clear();
  open_.clear();
  at_ = 0;
  return step::failed;
}

resp_reader::step resp_reader::read_line(std::string_view& line) {
  const auto end = buffer_.find('\n', std::max(scanned_, at_));
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    if (buffer_.size() - at_ > limits_.line_bytes_max) return fail(errc::payload_too_large, "a line is too long");
    return step::more;
  }
  if (end - at_ > limits_.line_bytes_max) return fail(errc::payload_too_large, "a line is too long");
  if (end < at_ + 2 || buffer_[end - 1] != '\r') return fail(errc::protocol_violation, "a line does not end in CRLF");
  line = std::string_view(buffer_).substr(at_, end - 1 - at_);
  scanned_ = end + 1;
  return step::whole;
}

resp_reader::step resp_reader::read_item() {
  std::string_view line;
  if (const auto got = read_line(line); got != step::whole) return got;
  if (line.empty()) return fail(errc::protocol_violation, "an empty line");
  const char mark = line.front();
  const auto after = at_ + line.size() + 2;
  line.remove_prefix(1);
  if (++elements_ > limits_.elements_max) return fail(errc::over_limit, "a reply has too many elements");
  step outcome = step::failed;
  switch (mark) {
    case '$':
    case '!':
    case '=':
      outcome = read_blob(line, mark == '!' ? reply::kind::error : reply::kind::bulk, mark == '=');
      if (outcome == step::more) --elements_;  // its head is read again
      return outcome;
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      outcome = open_aggregate(mark, line);
      break;
    default:
      outcome = read_scalar(mark, line);
  }
  if (outcome != step::failed) at_ = after;
  return outcome;
}

bool resp_reader::read_count(std::string_view line, std::int64_t& count) {
  return read_number(line, count) && count >= -1;
}

resp_reader::step resp_reader::read_blob(std::string_view line, reply::kind as, bool verbatim) {
  std::int64_t length = 0;
  const auto head = line.size() + 3;
  if (!read_count(line, length)) return fail(errc::protocol_violation, "a length is no number");
  if (length == -1) {
    at_ += head;
    return place({});
  }
  const auto size = static_cast<std::size_t>(length);
  if (size > limits_.bytes_max || consumed_ + size > limits_.bytes_max)
    return fail(errc::payload_too_large, "a reply is too large");
  if (buffer_.size() - at_ < head + size + 2) {
    scanned_ = at_ + head - 1;  // the head's line feed is found again at once
    return step::more;
  }
  std::string_view content = std::string_view(buffer_).substr(at_ + head, size);
  if (std::string_view(buffer_).substr(at_ + head + size, 2) != "\r\n") {
    return fail(errc::protocol_violation, "a string does not end in CRLF");
  }
  if (verbatim) {  // RESP3, "Verbatim string": three bytes of format and a colon
    if (size < 4 || content[3] != ':') return fail(errc::protocol_violation, "a verbatim string names no format");
    content.remove_prefix(4);
  }
  reply made;
  made.type = as;
  made.text = content;
  at_ += head + size + 2;
  scanned_ = at_;
  return place(std::move(made));
}

resp_reader::step resp_reader::read_scalar(char mark, std::string_view line) {
  reply made;
  switch (mark) {
    case '+':
    case '-':
      made.type = mark == '+' ? reply::kind::status : reply::kind::error;
      made.text = line;
      break;
    case ':':
      made.type = reply::kind::integer;
      if (!read_number(line, made.integer)) return fail(errc::protocol_violation, "an integer is no number");
      break;
    case ',':
      made.type = reply::kind::real;
      if (!read_number(line, made.real)) return fail(errc::protocol_violation, "a double is no number");
      break;
    case '#':
      made.type = reply::kind::boolean;
      if (line != "t" && line != "f") return fail(errc::protocol_violation, "a boolean is neither t nor f");
      made.integer = line == "t" ? 1 : 0;
      break;
    case '(':
      made.type = reply::kind::bulk;
      made.text = line;
      break;
    case '_':
      if (!line.empty()) return fail(errc::protocol_violation, "a null has a value");
      break;
    default:
      return fail(errc::protocol_violation, "a reply of an unknown type");
  }
  return place(std::move(made));
}

resp_reader::step resp_reader::open_aggregate(char mark, std::string_view line) {
  std::int64_t count = 0;
  if (!read_count(line, count)) return fail(errc::protocol_violation, "a count is no number");
  if (count == -1) return place({});
  if (open_.size() >= limits_.depth_max) return fail(errc::too_deep, "a reply is nested too deep");
  frame made;
  const bool pairs = mark == '%' || mark == '|';
  // Nothing is reserved: a count costs the server a few bytes, so elements are paid for as they come.
  if (static_cast<std::uint64_t>(count) > limits_.elements_max) {
    return fail(errc::over_limit, "a reply has too many elements");
  }
  made.missing = static_cast<std::size_t>(count) * (pairs ? 2 : 1);
  made.attribute = mark == '|';
  made.made.type = mark == '%'   ? reply::kind::map
                   : mark == '~' ? reply::kind::set
                   : mark == '>' ? reply::kind::push
                                 : reply::kind::array;
  if (mark == '>' && !open_.empty()) return fail(errc::protocol_violation, "a push within a reply");
  if (made.missing == 0) return made.attribute ? step::whole : place(std::move(made.made));
  open_.push_back(std::move(made));
  return step::whole;
}

resp_reader::step resp_reader::place(reply made) {
  while (!open_.empty()) {
    auto& top = open_.back();
    if (!top.attribute) top.made.elements.push_back(std::move(made));
    if (--top.missing != 0) return step::whole;
    const bool dropped = top.attribute;
    made = std::move(top.made);
    open_.pop_back();
    if (dropped) return step::whole;
  }
  whole_ = std::move(made);
  return step::whole;
}

void write_command(std::string& out, std::span<const std::string_view> words) {
  out += '*';
  out += std::to_string(words.size());
  out += "\r\n";
  for (const auto word : words) {
    out += '$';
    out += std::to_string(word.size());
    out += "\r\n";
    out += word;
    out += "\r\n";
  }
}

}  // namespace fanfare::redis

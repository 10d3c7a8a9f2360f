#include <algorithm>
#include <numeric>
#include <vector>

#include <fanfare/base/json.hpp>
#include <fanfare/base/utf8.hpp>

#include "base/json_text.hpp"
#include "base/number_text.hpp"

namespace fanfare::json {

namespace {

/// Of a repeated name the last value counts, at the first one's place. Done once an object is whole: by then
/// one sort finds the repeats, where a look-up for each member would let a peer buy n² of our time with n bytes,
/// and no hash is there to be flooded.
void drop_repeats(object& members) {
  constexpr std::size_t few = 16;
  const auto count = members.size();
  auto* const all = members.begin();
  std::vector<std::size_t> order;
  if (count <= few) {
    bool repeated = false;
    for (std::size_t i = 1; i < count && !repeated; ++i) {
      repeated = std::any_of(all, all + i, [&](const member& each) { return each.name == all[i].name; });
    }
    if (!repeated) return;
  }
  order.resize(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [all](std::size_t a, std::size_t b) {
    const int names = all[a].name.compare(all[b].name);
    return names != 0 ? names < 0 : a < b;
  });

  std::vector<bool> dropped(count);
  bool repeated = false;
  for (std::size_t first = 0, i = 1; i < count; ++i) {
    if (all[order[i]].name != all[order[first]].name) {
      first = i;
      continue;
    }
    all[order[first]].item = std::move(all[order[i]].item);
    dropped[order[i]] = repeated = true;
  }
  if (!repeated) return;
  object kept;
  for (std::size_t i = 0; i < count; ++i) {
    if (!dropped[i]) kept.append(std::move(all[i].name), std::move(all[i].item));
  }
  members = std::move(kept);
}

/// Recursive descent over one text. Each step gives false after it has noted the failure.
class parser {
 public:
  parser(std::string_view text, const parse_options& options)
      : text_(text), options_(options), depth_max_(std::min(options.depth_max, depth_ceiling)) {}

  result<value> run() {
    value root;
    if (!parse_value(root)) return std::move(failure_);
    skip_space();
    if (at_ != text_.size()) {
      fail("unexpected text after the value");
      return std::move(failure_);
    }
    return root;
  }

 private:
  // Parsing, writing and freeing recurse once a level; this keeps them far inside any thread's stack.
  static constexpr unsigned depth_ceiling = 1000;

  bool fail(std::string_view what, errc code = errc::bad_request) {
    failure_ = error{code, std::string(what) + " at byte " + std::to_string(at_), {}};
    return false;
  }

  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char expected) noexcept {
    if (at_ == text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }

  void skip_space() noexcept {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
      ++at_;
    }
  }

  bool count_one() {
    if (++values_ <= options_.values_max) return true;
    return fail("too many values", errc::over_limit);
  }

  bool parse_value(value& out) {
    skip_space();
    if (at_ == text_.size()) return fail("unexpected end of text");
    if (!count_one()) return false;
    switch (text_[at_]) {
      case '{':
        return nested([&] { return parse_object(out); });
      case '[':
        return nested([&] { return parse_array(out); });
      case '"': {
        std::string text;
        if (!parse_string(text)) return false;
        out = std::move(text);
        return true;
      }
      case 't':
        return parse_word("true", true, out);
      case 'f':
        return parse_word("false", false, out);
      case 'n':
        return parse_word("null", nullptr, out);
      default:
        return parse_number(out);
    }
  }

  template <class Parse>
  bool nested(Parse parse) {
    if (depth_ == depth_max_) return fail("nested too deep", errc::too_deep);
    ++depth_;
    ++at_;
    if (!parse()) return false;
    --depth_;
    return true;
  }

  bool parse_word(std::string_view word, value meaning, value& out) {
    if (text_.substr(at_, word.size()) != word) return fail("unknown literal");
    at_ += word.size();
    out = std::move(meaning);
    return true;
  }

  bool parse_array(value& out) {
    array items;
    skip_space();
    if (!take(']')) {
      do {
        if (!parse_value(items.emplace_back())) return false;
        skip_space();
      } while (take(','));
      if (!take(']')) return fail("expected ',' or ']'");
    }
    out = std::move(items);
    return true;
  }

  bool parse_object(value& out) {
    object members;
    skip_space();
    if (!take('}')) {
      do {
        skip_space();
        if (peek() != '"') return fail("expected a member name");
        std::string name;
        if (!count_one() || !parse_string(name)) return false;
        skip_space();
        if (!take(':')) return fail("expected ':'");
        if (!parse_value(members.append(std::move(name), nullptr))) return false;
        skip_space();
      } while (take(','));
      if (!take('}')) return fail("expected ',' or '}'");
      drop_repeats(members);
    }
    out = std::move(members);
    return true;
  }

  /// RFC 8259 §6: -? (0 | [1-9] digits) (. digits)? ([eE] [+-]? digits)?
  bool parse_number(value& out) {
    const auto from = at_;
    take('-');
    if (!take('0') && !take_digits()) return fail(at_ == from ? "unexpected character" : "expected a digit");
    if (take('.') && !take_digits()) return fail("expected a digit");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!take_digits()) return fail("expected a digit");
    }
    out = number_text::parsed(text_.substr(from, at_ - from));
    return true;
  }

  bool take_digits() noexcept {
    const auto from = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ != from;
  }

  bool parse_string(std::string& out) {
    ++at_;
    while (true) {
      const auto run = find_plain_run(text_.substr(at_));
      if (!run.ascii) {
        const auto valid = valid_utf8_prefix(text_.substr(at_, run.length));
        if (valid != run.length) {
          at_ += valid;
          return fail("invalid UTF-8", errc::invalid_utf8);
        }
      }
      out.append(text_.substr(at_, run.length));
      at_ += run.length;
      if (take('"')) return true;
      if (at_ == text_.size()) return fail("unexpected end of text");
      if (!take('\\')) return fail("control character in a string");
      if (!parse_escape(out)) return false;
    }
  }

  bool parse_escape(std::string& out) {
    switch (peek()) {
      case '"':
        out += '"';
        break;
      case '\\':
        out += '\\';
        break;
      case '/':
        out += '/';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u':
        ++at_;
        return parse_unicode(out);
      default:
        return fail("unknown escape");
    }
    ++at_;
    return true;
  }

  bool parse_unicode(std::string& out) {
    unsigned unit = 0;
    if (!take_unit(unit)) return fail("expected four hexadecimal digits");
    const auto after_first = at_;
    unsigned second = 0;
    if (unit >= 0xD800 && unit <= 0xDBFF && take('\\') && take('u') && take_unit(second) && second >= 0xDC00 &&
        second <= 0xDFFF) {
      append_code_point(out, 0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00));
      return true;
    }
    at_ = after_first;  // whatever followed is read again as what it is, and refused there if it is wrong
    append_code_point(out, unit);
    return true;
  }

  bool take_unit(unsigned& unit) noexcept {
    const auto digits = text_.substr(at_, 4);
    if (digits.size() < 4) return false;
    unit = 0;
    for (const char c : digits) {
      const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!letter && (c < '0' || c > '9')) return false;
      unit = unit * 16 + static_cast<unsigned>(letter ? (c | 0x20) - 'a' + 10 : c - '0');
    }
    at_ += 4;
    return true;
  }

  /// UTF-8, and by the same rule WTF-8 for a lone surrogate.
  static void append_code_point(std::string& out, unsigned point) {
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x800) {
      out += static_cast<char>(0xC0U | (point >> 6));
      tail(0);
    } else if (point < 0x10000) {
      out += static_cast<char>(0xE0U | (point >> 12));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xF0U | (point >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::string_view text_;
  const parse_options& options_;
  const unsigned depth_max_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  unsigned depth_ = 0;
  error failure_;
};

}  // namespace

result<value> parse(std::string_view text, const parse_options& options) { return parser(text, options).run(); }

}  // namespace fanfare::json

#include "domain/schema/pattern.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace fanfare::domain {

namespace {

constexpr std::int64_t memory_max = 1 << 20;  // of one expression's programs; past it compiling fails

// ECMA-262 WhiteSpace and LineTerminator, of which RE2's \s has five.
constexpr std::string_view white_space =
    R"(\t-\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF})";

// General categories by their long names (ECMA-262 table 70), which RE2 has by the short ones.
constexpr std::pair<std::string_view, std::string_view> categories[] = {{"Letter", "L"},
                                                                        {"Uppercase_Letter", "Lu"},
                                                                        {"Lowercase_Letter", "Ll"},
                                                                        {"Titlecase_Letter", "Lt"},
                                                                        {"Modifier_Letter", "Lm"},
                                                                        {"Other_Letter", "Lo"},
                                                                        {"Mark", "M"},
                                                                        {"Nonspacing_Mark", "Mn"},
                                                                        {"Number", "N"},
                                                                        {"Decimal_Number", "Nd"},
                                                                        {"digit", "Nd"},
                                                                        {"Letter_Number", "Nl"},
                                                                        {"Other_Number", "No"},
                                                                        {"Punctuation", "P"},
                                                                        {"punct", "P"},
                                                                        {"Symbol", "S"},
                                                                        {"Currency_Symbol", "Sc"},
                                                                        {"Math_Symbol", "Sm"},
                                                                        {"Separator", "Z"},
                                                                        {"Space_Separator", "Zs"},
                                                                        {"Control", "Cc"},
                                                                        {"cntrl", "Cc"},
                                                                        {"Other", "C"}};

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

/// What RE2 spells another way than ECMA-262: escapes of code points and controls, names of groups, empty classes.
class translation {
 public:
  explicit translation(std::string_view from) : rest_(from) {}

  result<std::string> run() {
    while (!rest_.empty()) {
      if (rest_.front() == '\\') {
        if (auto escaped = escape(); !escaped) return escaped.error();
      } else if (!within_ && looks_around()) {
        return error{errc::bad_request, "look-around is not supported: patterns run in linear time", {}};
      } else if (within_ || !special()) {
        plain();
      }
    }
    return out_;
  }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  [[nodiscard]] bool looks_around() const {
    return rest_.starts_with("(?=") || rest_.starts_with("(?!") || rest_.starts_with("(?<=") ||
           rest_.starts_with("(?<!");
  }

  /// Outside a class: a named group, and the classes of nothing and of everything.
  bool special() {
    if (take("(?<"))
      out_ += "(?P<";
    else if (take("[^]"))
      out_ += "(?s:.)";
    else if (take("[]"))
      out_ += "[^\\x{0}-\\x{10FFFF}]";
    else
      return false;
    return true;
  }

  void plain() {
    const char letter = rest_.front();
    if (letter == '[') within_ = true;
    if (letter == ']') within_ = false;
    out_ += letter;
    rest_.remove_prefix(1);
  }

  result<void> escape() {
    rest_.remove_prefix(1);
    if (rest_.empty()) return error{errc::bad_request, "ends in a backslash", {}};
    const char what = rest_.front();
    rest_.remove_prefix(1);
    if (what == 'u') return code_point();
    if (what == 's' || (what == 'S' && !within_)) {
      const std::string list(white_space);
      out_ += within_ ? list : (what == 's' ? "[" : "[^") + list + "]";
      return {};
    }
    if ((what == 'p' || what == 'P') && take("{")) return category(what);
    if ((what >= '1' && what <= '9') || what == 'k') {
      return error{errc::bad_request, "back-references are not supported: patterns run in linear time", {}};
    }
    if (what == 'c' && !rest_.empty()) {
      put(static_cast<unsigned>(rest_.front()) % 32);
      rest_.remove_prefix(1);
    } else if (what == '0') {
      put(0);
    } else {
      (out_ += '\\') += what;
    }
    return {};
  }

  result<void> category(char what) {
    const auto end = rest_.find('}');
    if (end == std::string_view::npos) return error{errc::bad_request, "\\p{ lacks its }", {}};
    auto name = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    for (const std::string_view prefix : {"General_Category=", "gc=", "Script=", "sc="}) {
      if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    const auto* const known =
        std::ranges::find(categories, name, &std::pair<std::string_view, std::string_view>::first);
    (((out_ += '\\') += what) += '{').append(known == std::end(categories) ? name : known->second) += '}';
    return {};
  }

  /// \u{1F600}, \u00E9, and a pair of surrogates.
  result<void> code_point() {
    if (take("{")) {
      const auto end = rest_.find('}');
      const auto digits = rest_.substr(0, end);
      if (end == std::string_view::npos || digits.size() > 6 || !is_hex(digits)) return malformed();
      put(static_cast<unsigned>(std::stoul(std::string(digits), nullptr, 16)));
      rest_.remove_prefix(end + 1);
      return {};
    }
    const auto first = four_digits();
    if (!first) return first.error();
    if (*first >= 0xd800 && *first < 0xdc00 && take("\\u")) {
      const auto second = four_digits();
      if (!second) return second.error();
      put(0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00));
    } else {
      put(*first);
    }
    return {};
  }

  result<unsigned> four_digits() {
    const auto digits = rest_.substr(0, 4);
    if (digits.size() != 4 || !is_hex(digits)) return malformed();
    rest_.remove_prefix(4);
    return static_cast<unsigned>(std::stoul(std::string(digits), nullptr, 16));
  }

  void put(unsigned point) {
    char text[16];
    std::snprintf(text, sizeof text, "\\x{%X}", point);
    out_ += text;
  }
  static error malformed() { return {errc::bad_request, "\\u needs four hexadecimal digits", {}}; }

  std::string_view rest_;
  std::string out_;
  bool within_ = false;  // a class
};

}  // namespace

class pattern::engine {
 public:
  explicit engine(const std::string& expression) : program(expression, options()) {}
  static RE2::Options options() {
    RE2::Options out;
    out.set_log_errors(false);
    out.set_max_mem(memory_max);
    return out;
  }
  RE2 program;
};

result<pattern> pattern::compile(std::string_view expression) {
  const auto translated = translation(expression).run();
  if (!translated) return translated.error();
  auto made = std::make_shared<const engine>(*translated);
  if (!made->program.ok()) return error{errc::bad_request, "is no regular expression: " + made->program.error(), {}};
  return pattern(std::move(made));
}

bool pattern::matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), engine_->program);
}

}  // namespace fanfare::domain

#include <algorithm>
#include <array>
#include <optional>

#include <fanfare/base/rfc3339.hpp>

namespace fanfare {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr utc_time earliest = sys_days{std::chrono::year{0} / 1 / 1};
constexpr utc_time latest = sys_days{std::chrono::year{10000} / 1 / 1} - milliseconds{1};

void put(std::string& out, std::int64_t number, int width, char after) {
  std::array<char, 4> digits;
  for (int i = width; i-- > 0; number /= 10) digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
  out.append(digits.data(), static_cast<std::size_t>(width)).append(1, after);
}

/// Reads fixed-width fields; the first that does not fit makes all that follow fail.
class field_reader {
 public:
  explicit field_reader(std::string_view text) : text_(text) {}

  int number(std::size_t width, int low, int high) {
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value * 10 + digit().value_or(0);
    ok_ = ok_ && value >= low && value <= high;
    return value;
  }

  std::optional<int> digit() {
    ok_ = ok_ && !text_.empty() && text_.front() >= '0' && text_.front() <= '9';
    if (!ok_) return std::nullopt;
    const int value = text_.front() - '0';
    text_.remove_prefix(1);
    return value;
  }

  /// One of `choices`, or a failure.
  char one_of(std::string_view choices) {
    ok_ = ok_ && !text_.empty() && choices.find(text_.front()) != std::string_view::npos;
    if (!ok_) return '\0';
    const char found = text_.front();
    text_.remove_prefix(1);
    return found;
  }

  milliseconds fraction() {
    if (!text_.starts_with('.')) return {};
    text_.remove_prefix(1);
    int value = digit().value_or(0) * 100;
    for (int scale = 10; ok_ && !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; scale /= 10) {
      value += *digit() * scale;
    }
    return milliseconds{value};
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

bool may_hold_leap_second(utc_time minute) {
  const auto day = floor<days>(minute);
  return minute - day == hours{23} + minutes{59} && year_month_day{day + days{1}}.day() == std::chrono::day{1};
}

std::optional<utc_time> parse(std::string_view text) {
  field_reader read(text);
  const int year = read.number(4, 0, 9999);
  read.one_of("-");
  const int month = read.number(2, 1, 12);
  read.one_of("-");
  const int day = read.number(2, 1, 31);
  read.one_of("Tt ");  // §5.6 allows lower case, and a space for readability
  const int hour = read.number(2, 0, 23);
  read.one_of(":");
  const int minute = read.number(2, 0, 59);
  read.one_of(":");
  const int second = read.number(2, 0, 60);
  const auto fraction = read.fraction();
  minutes offset{0};
  if (const char zone = read.one_of("Zz+-"); zone == '+' || zone == '-') {
    offset = hours{read.number(2, 0, 23)};
    read.one_of(":");
    offset += minutes{read.number(2, 0, 59)};
    if (zone == '-') offset = -offset;
  }
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!read.done() || !date.ok()) return std::nullopt;
  const utc_time whole_minute = sys_days{date} + hours{hour} + minutes{minute} - offset;
  if (second == 60 && !may_hold_leap_second(whole_minute)) return std::nullopt;
  return whole_minute + seconds{second} + fraction;
}

}  // namespace

std::string format_rfc3339(utc_time time) {
  time = std::clamp(time, earliest, latest);
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::string out;
  out.reserve(24);
  put(out, static_cast<int>(date.year()), 4, '-');
  put(out, static_cast<unsigned>(date.month()), 2, '-');
  put(out, static_cast<unsigned>(date.day()), 2, 'T');
  put(out, clock.hours().count(), 2, ':');
  put(out, clock.minutes().count(), 2, ':');
  put(out, clock.seconds().count(), 2, '.');
  put(out, clock.subseconds().count(), 3, 'Z');
  return out;
}

result<utc_time> parse_rfc3339(std::string_view text) {
  if (const auto time = parse(text)) return *time;
  return error{errc::bad_request, "not an RFC 3339 date-time", {}};
}

bool is_rfc3339(std::string_view text) { return parse(text).has_value(); }

}  // namespace fanfare

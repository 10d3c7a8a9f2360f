#include "server/log.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <boost/system/system_error.hpp>
#include <fanfare/base/json.hpp>
#include <fanfare/http/message.hpp>

namespace fanfare::server {

namespace {

// Hands whole lines to a function: tests read what was logged.
class function_sink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit function_sink(std::function<void(std::string_view)> to) : to_(std::move(to)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override { to_({line.payload.data(), line.payload.size()}); }
  void flush_() override {}

 private:
  std::function<void(std::string_view)> to_;
};

spdlog::level::level_enum to_spdlog(api::severity level) {
  switch (level) {
    case api::severity::trace:
      return spdlog::level::trace;
    case api::severity::debug:
      return spdlog::level::debug;
    case api::severity::info:
      return spdlog::level::info;
    case api::severity::warn:
      return spdlog::level::warn;
    case api::severity::error:
      break;
  }
  return spdlog::level::err;
}

std::string_view level_name(api::severity level) {
  constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error"};
  return names[static_cast<std::size_t>(level)];
}

// RFC 3339 in UTC with milliseconds.
std::string timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, ms % 1000);
}

std::string json_line(api::severity level, std::string_view message, const api::log_fields& fields) {
  object line{{"time", timestamp()}, {"level", level_name(level)}, {"msg", message}};
  for (const auto& [name, item] : fields) line.set(std::string(name), item);
  return json::write(value(std::move(line)));
}

// JSON leaves DEL and the C1 controls as they are (RFC 8259 §7), which a terminal obeys: they are escaped here.
void append_visible(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02x}", byte);
    else if (c1)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
    else
      out += text[i];
  }
}

std::string text_line(api::severity level, std::string_view message, const api::log_fields& fields) {
  std::string line = fmt::format("{} {:<5} ", timestamp(), level_name(level));
  append_visible(line, message);
  for (const auto& [name, item] : fields) {
    line += fmt::format(" {}=", name);
    const auto* text = item.if_string();
    const bool plain = text != nullptr && !text->empty() && text->find_first_of(" =\"\\") == std::string::npos;
    append_visible(line, plain ? *text : json::write(item));
  }
  return line;
}

}  // namespace

struct log::state {
  spdlog::logger logger;
  log_format format;
};

log::log(log_format format, std::string_view level, std::function<void(std::string_view)> to) {
  spdlog::sink_ptr sink;
  if (to)
    sink = std::make_shared<function_sink>(std::move(to));
  else
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  state_ = std::make_unique<state>(state{spdlog::logger("fanfare", sink), format});
  state_->logger.set_pattern("%v");
  state_->logger.flush_on(spdlog::level::warn);
  set_level(level);
}

log::~log() = default;

void log::write(api::severity level, std::string_view message, const api::log_fields& fields) {
  const auto to = to_spdlog(level);
  if (!state_->logger.should_log(to)) return;
  const auto line =
      state_->format == log_format::json ? json_line(level, message, fields) : text_line(level, message, fields);
  state_->logger.log(to, spdlog::string_view_t(line.data(), line.size()));
}

void log::set_level(std::string_view level) {
  state_->logger.set_level(spdlog::level::from_str(std::string(level)));  // takes "warn" and "error" too
}

api::log_sink log::sink() {
  return [this](api::severity level, std::string_view message, const api::log_fields& fields) {
    write(level, message, fields);
  };
}

std::string redacted(std::string_view target) {
  const auto question = target.find('?');
  if (question == std::string_view::npos) return std::string(target);
  std::string out(target.substr(0, question));
  char mark = '?';
  auto rest = target.substr(question + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    const auto name = pair.substr(0, pair.find('='));
    // Decoded, so that %74oken= is not a way around.
    const auto plain = http::percent_decode(name, true);
    const bool hidden = plain == "token" || plain == "access_token" || plain == "key" || plain == "api_key";
    out += mark;
    out += hidden ? std::string(name) + "=***" : std::string(pair);
    mark = '&';
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return out;
}

std::string in_words(const std::exception& fault) {
  const auto* system = dynamic_cast<const boost::system::system_error*>(&fault);
  return system != nullptr ? system->code().message() : fault.what();
}

}  // namespace fanfare::server

#include "redis_server.hpp"

#include <cstdlib>

#include <fanfare/base/digest.hpp>

namespace fanfare::simulation {

namespace {

void encode_into(std::string& out, const reply& given) {
  const auto line = [&out](char mark, std::string_view text) {
    out += mark;
    out += text;
    out += "\r\n";
  };
  const auto aggregate = [&](char mark, std::size_t size) {
    line(mark, std::to_string(size));
    for (const auto& each : given.elements) encode_into(out, each);
  };
  switch (given.type) {
    case reply::kind::status:
      return line('+', given.text);
    case reply::kind::error:
      return line('-', given.text);
    case reply::kind::integer:
      return line(':', std::to_string(given.integer));
    case reply::kind::bulk:
      line('$', std::to_string(given.text.size()));
      out += given.text;
      out += "\r\n";
      return;
    case reply::kind::map:
      return aggregate('%', given.elements.size() / 2);
    case reply::kind::array:
      return aggregate('*', given.elements.size());
    default:
      return line('_', "");
  }
}

std::vector<std::string> words_of(const reply& command) {
  std::vector<std::string> out;
  for (const auto& each : command.elements) out.push_back(each.text);
  return out;
}

}  // namespace

std::string encode(const reply& given) {
  std::string out;
  encode_into(out, given);
  return out;
}

redis_server::session_id redis_server::open(std::function<void(std::string)> send) {
  sessions_[++last_].send = std::move(send);
  return last_;
}

void redis_server::receive(session_id from, const std::string& bytes) {
  const auto found = sessions_.find(from);
  if (found == sessions_.end()) return;
  auto& session = found->second;
  session.in.feed(bytes);
  while (true) {
    const auto next = session.in.next();
    if (!next || !*next) break;
    session.waiting.push_back(words_of(**next));
  }
  if (!session.blocked_until_ms) serve(from);
}

void redis_server::serve(session_id which) {
  while (true) {
    const auto found = sessions_.find(which);
    if (found == sessions_.end() || found->second.waiting.empty()) return;
    auto& session = found->second;
    auto came = run(session.waiting.front());
    if (blocks(session, which, came)) return;
    session.blocked_until_ms.reset();
    session.waiting.pop_front();
    session.send(encode(came));
    if (std::exchange(wrote_, false)) wake();
  }
}

/// Whether it has to wait for what it asks: XREAD BLOCK for entries, WAIT for replicas.
bool redis_server::blocks(session& from, session_id which, const reply& came) {
  const auto& words = from.waiting.front();
  std::int64_t block_ms = -1;
  if (words[0] == "XREAD" && came.is_null()) {
    for (std::size_t i = 1; i + 1 < words.size() && words[i] != "STREAMS"; i += 2) {
      if (words[i] == "BLOCK") block_ms = std::strtoll(words[i + 1].c_str(), nullptr, 10);
    }
  } else if (words[0] == "WAIT" && came.integer < std::strtoll(words[1].c_str(), nullptr, 10)) {
    block_ms = std::strtoll(words[2].c_str(), nullptr, 10);
  }
  if (block_ms < 0) return false;
  const auto now_ms = around_.unix_ms();
  if (!from.blocked_until_ms) {
    from.blocked_until_ms = now_ms + block_ms;
    around_.after(milliseconds{block_ms}, [weak = weak_from_this(), which] {
      if (const auto self = weak.lock()) self->serve(which);
    });
  }
  return now_ms < *from.blocked_until_ms;
}

/// Those that block on the stream, once the command that wrote is over.
void redis_server::wake() {
  std::vector<session_id> blocked;
  for (const auto& [id, each] : sessions_) {
    if (each.blocked_until_ms && each.waiting.front()[0] == "XREAD") blocked.push_back(id);
  }
  for (const auto id : blocked) serve(id);
}

reply redis_server::run(word_span words) {
  const auto& name = words[0];
  if (name == "HELLO") {
    auto out = array_of({bulk("server"), bulk("redis"), bulk("proto"), number(3), bulk("role"), bulk("master")});
    out.type = reply::kind::map;
    return out;
  }
  if (name == "PING") return status("PONG");
  if (name == "ROLE") return array_of({bulk("master"), number(0), array_of({})});
  if (name == "WAIT") return number(replicas);
  if (name == "EVAL" && words.size() >= 3) return run_script(edited(words[1]), words);
  if (name == "EVALSHA" && words.size() >= 3) {
    const auto found = scripts_.find(words[1]);
    if (found == scripts_.end()) return failure("NOSCRIPT No matching script. Please use EVAL.");
    return run_script(found->second, words);
  }
  if (name == "SCRIPT" && words.size() == 3 && words[1] == "LOAD") {
    auto hash = hex(sha1(words[2]));
    scripts_.try_emplace(hash, edited(words[2]));
    return bulk(std::move(hash));
  }
  if (memory_full && key_space::needs_memory(name)) {
    return failure("OOM command not allowed when used memory > 'maxmemory'.");
  }
  wrote_ = wrote_ || key_space::writes(name);
  return keys.run(words, around_.unix_ms());
}

reply redis_server::run_script(const std::string& text, word_span words) {
  const auto count = static_cast<std::size_t>(std::strtoull(words[2].c_str(), nullptr, 10));
  if (3 + count > words.size()) return failure("ERR Number of keys can't be greater than number of args");
  wrote_ = true;
  return engine_.run(text, words.subspan(3, count), words.subspan(3 + count), keys, {around_.unix_ms(), memory_full});
}

std::string redis_server::edited(std::string text) const {
  for (const auto& [from, to] : edits_) {
    const auto at = text.find(from);
    if (at != std::string::npos) text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace fanfare::simulation

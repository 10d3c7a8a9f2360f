#include "domain/publishing.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fanfare/base/digest.hpp>
#include <fanfare/base/json.hpp>
#include <fanfare/base/rfc3339.hpp>

#include "domain/access/access_policy.hpp"
#include "domain/catalogue/json_pointer.hpp"
#include "history/cursor.hpp"

namespace fanfare::domain {

namespace {

constexpr std::size_t idempotency_key_bytes_max = 256;

std::int64_t unix_ms(system_time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

error fault(std::string pointer, std::string detail) {
  return {errc::bad_request, std::move(detail), std::move(pointer)};
}

error mismatch() { return {errc::idempotency_mismatch, "the Idempotency-Key came before with another body", {}}; }

metrics::cell* counter(metrics::registry* into, const char* name, const char* help) {
  return into == nullptr ? nullptr : &into->counter(name, help);
}

/// 32 bytes whatever the publisher sends, so that counting keys bounds memory.
std::string key_of(std::string_view what, const std::string& publisher, const std::string& name) {
  return sha256(std::string(what) + '\x1f' + publisher + '\x1f' + name);
}

void count(metrics::cell* cell, std::size_t amount) {
  if (cell != nullptr) cell->add(static_cast<double>(amount));
}

}  // namespace

/// One publish() on its way.
struct publishing::job {
  publish_context context;
  published done;
  std::vector<history::entry> entries;       // one a draft
  std::vector<std::string> keys;             // of each draft; "" when its id is the server's own
  std::vector<std::optional<accepted>> out;  // of each draft, once known
  std::vector<std::size_t> same_as;          // the earlier draft of the batch with the same key, or itself
  std::vector<std::size_t> sent;             // drafts given to the log, in order
  std::size_t sent_before = 0;               // of them, those that another node had been given already
  std::string request_key;
};

publishing::publishing(const catalogue& types, history::log& log, publishing_options options)
    : types_(types),
      log_(log),
      options_(std::move(options)),
      repeats_(options_.repeats),
      published_(counter(options_.metrics, "fanfare_events_published_total", "Events accepted and delivered.")),
      repeated_(
          counter(options_.metrics, "fanfare_events_repeated_total", "Events answered as repeats and not sent.")) {}

result<history::entry> publishing::complete(draft& item, const publish_context& context) const {
  const auto* type = types_.find(item.type);
  if (type == nullptr) return fault("/type", "there is no event type of that name");
  if (type->category != event_category::domain) return fault("/type", "only the server sends this type");
  if (auto checked = validate(*type, item.data); !checked) {
    return error{checked.error().code, checked.error().detail, "/data" + checked.error().pointer};
  }
  if (item.rooms.empty()) item.rooms = default_rooms(*type, item.data);
  if (item.rooms.empty()) return fault("/rooms", "the type has no default room, so name one");
  if (item.rooms.size() > options_.envelope.rooms_max) return error{errc::over_limit, "has too many rooms", "/rooms"};
  std::vector<std::string> rooms;
  for (auto& room : item.rooms) {
    const auto name = parse_room(room);
    if (!name) return fault(pointer_to("/rooms", rooms.size()), "is no room");
    const auto& kinds = options_.room_kinds;
    if (!kinds.empty() && std::ranges::find(kinds, name->kind) == kinds.end()) {
      return fault(pointer_to("/rooms", rooms.size()), unknown_kind(name->kind, kinds));
    }
    if (context.may_publish) {
      if (auto allowed = context.may_publish(room); !allowed) {
        return error{allowed.error().code, "publishing to " + room, pointer_to("/rooms", rooms.size())};
      }
    }
    if (std::find(rooms.begin(), rooms.end(), room) == rooms.end()) rooms.push_back(std::move(room));
  }
  item.rooms = std::move(rooms);
  const auto now_ms = unix_ms(context.now);
  if (item.id.empty()) item.id = make_event_id(now_ms, *options_.around);
  if (item.source.empty()) item.source = context.default_source;
  if (item.time.empty()) item.time = format_rfc3339(context.now);

  history::entry out;
  out.kept = type->kept;
  out.conflate_key = conflate_key(*type, item.data);
  out.envelope = std::make_shared<value>(build_envelope(item));
  auto json = json::write(*out.envelope);
  if (json.size() > options_.event_bytes_max) return error{errc::payload_too_large, "the event is too large", {}};
  if (out.kept) out.json = shared_bytes(std::move(json));
  out.id = std::move(item.id);
  out.type = std::move(item.type);
  out.rooms = std::move(item.rooms);
  out.time_ms = now_ms;
  options_.kept_for.apply(out);
  return out;
}

void publishing::publish(std::vector<draft> drafts, publish_context context, published done, bool batch) {
  const auto refuse = [this, &done](error why) {
    count_refused(why);
    done(std::move(why));
  };
  if (drafts.empty()) return refuse(fault("", "there is no event"));
  if (drafts.size() > options_.batch_max) return refuse({errc::over_limit, "too many events at once", {}});
  if (context.idempotency_key.size() > idempotency_key_bytes_max) {
    return refuse(fault("", "the Idempotency-Key is too long"));
  }
  auto work = std::make_shared<job>();
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    auto& item = drafts[i];
    // Only an id of the publisher's own can come again; it counts per publisher and source (CloudEvents 1.0.2 §3.1),
    // so that nobody can use up the ids of others.
    const bool own_id = !item.id.empty();
    auto entry = complete(item, context);
    if (!entry) {
      auto why = entry.error();
      if (batch) why.pointer = pointer_to("", i) + why.pointer;
      return refuse(std::move(why));
    }
    work->keys.push_back(own_id ? key_of("event", context.publisher, item.source + '\x1f' + entry->id) : std::string());
    work->entries.push_back(std::move(*entry));
  }
  if (!context.idempotency_key.empty()) {
    work->request_key = key_of("request", context.publisher, context.idempotency_key);
  }
  work->context = std::move(context);
  work->done = std::move(done);
  start(work);
}

/// Under repeats_mutex_: whether the job has to wait, is answered in full or refused; else its keys are reserved.
publishing::next_step publishing::plan(job& work) {
  const auto now = work.context.steady_now;
  work.out.assign(work.entries.size(), std::nullopt);
  work.same_as.clear();
  work.sent.clear();
  if (!work.request_key.empty()) {
    idempotency::answers given;
    std::string digest;
    const auto known = repeats_.look(work.request_key, now, &given, &digest);
    if (known != idempotency::state::unknown && digest != work.context.request_digest) return next_step::refuse;
    if (known == idempotency::state::pending) return next_step::wait;
    if (known == idempotency::state::answered) {
      work.out.assign(given.begin(), given.end());
      return next_step::answer;
    }
  }
  std::unordered_map<std::string_view, std::size_t> first;
  for (std::size_t i = 0; i < work.entries.size(); ++i) {
    work.same_as.push_back(i);
    const auto& key = work.keys[i];
    idempotency::answers given;
    const auto known = key.empty() ? idempotency::state::unknown : repeats_.look(key, now, &given);
    if (known == idempotency::state::pending) return next_step::wait;
    if (known == idempotency::state::answered) {
      work.out[i] = given.front();
      continue;
    }
    if (!key.empty()) work.same_as[i] = first.try_emplace(key, i).first->second;
    if (work.same_as[i] == i) work.sent.push_back(i);
  }
  if (work.sent.empty()) return next_step::answer;
  if (!work.request_key.empty()) repeats_.reserve(work.request_key, now, work.context.request_digest);
  for (const auto i : work.sent) {
    if (!work.keys[i].empty()) repeats_.reserve(work.keys[i], now);
  }
  return next_step::send;
}

void publishing::start(const std::shared_ptr<job>& work) {
  auto step = next_step::wait;
  bool full = false;
  {
    const std::lock_guard guard(repeats_mutex_);
    step = plan(*work);
    full = step == next_step::wait && waiting_.size() >= options_.waiting_max;
    if (step == next_step::wait && !full) waiting_.push_back(work);
  }
  if (full || step == next_step::refuse) {
    const auto why = full ? error{errc::overload, "too many repeated requests are waiting", {}} : mismatch();
    count_refused(why);
    return work->done(why);
  }
  if (step == next_step::wait) return;
  if (step == next_step::answer) return answer(*work);
  std::vector<history::entry> batch;
  batch.reserve(work->sent.size());
  for (const auto i : work->sent) batch.push_back(std::move(work->entries[i]));
  for (std::size_t n = 0; n < batch.size(); ++n) work->out[work->sent[n]] = accepted{batch[n].id, {}};
  auto answers = answers_of(*work);
  log_.append(std::move(batch), std::move(answers),
              [this, work](result<history::placed> came) { finish(*work, std::move(came)); });
}

/// What the log is to keep with the entries: how a retry after a crash is answered.
std::vector<history::answer> publishing::answers_of(const job& work) const {
  std::vector<history::answer> out;
  if (work.request_key.empty() && std::ranges::all_of(work.keys, &std::string::empty)) return out;
  const auto time_ms = unix_ms(work.context.now);
  std::vector<history::answer::event> known(work.out.size());
  for (std::size_t i = 0; i < work.out.size(); ++i) {
    if (!work.out[i]) continue;
    known[i].id = work.out[i]->id;
    if (const auto before = history::parse_cursor(work.out[i]->cursor)) known[i].position = before->position;
  }
  for (std::size_t n = 0; n < work.sent.size(); ++n) {
    const auto i = work.sent[n];
    known[i].of_batch = n;
    if (!work.keys[i].empty()) out.push_back({work.keys[i], {}, {known[i]}, time_ms});
  }
  if (work.request_key.empty()) return out;
  history::answer whole{work.request_key, work.context.request_digest, {}, time_ms};
  for (std::size_t i = 0; i < work.out.size(); ++i) whole.events.push_back(known[work.same_as[i]]);
  out.push_back(std::move(whole));
  return out;
}

void publishing::recall(system_time now, steady_time steady_now) {
  const std::lock_guard guard(repeats_mutex_);
  for (const auto& each : log_.remembered()) {
    const std::chrono::milliseconds age(unix_ms(now) - each.time_ms);
    if (age >= options_.repeats.window) continue;
    idempotency::answers given;
    for (const auto& event : each.events) given.push_back({event.id, history::to_text(log_.epoch(), event.position)});
    const auto at = steady_now - std::max(age, std::chrono::milliseconds{0});
    repeats_.reserve(each.key, at, each.digest);
    repeats_.settle(each.key, std::move(given), at);
  }
}

/// What the log says of the drafts that it was given, some of which another node may have been given before.
/// Fails: idempotency_mismatch.
result<void> publishing::take_over(job& work, const history::placed& came, const std::string& epoch) {
  for (std::size_t n = 0; n < work.sent.size(); ++n) {
    work.out[work.sent[n]]->cursor = history::to_text(epoch, came.positions[n]);
  }
  for (const auto& each : came.repeats) {
    if (work.request_key.empty() || each.key != work.request_key) {
      ++work.sent_before;
      continue;
    }
    if (each.digest != work.context.request_digest || each.events.size() != work.out.size()) {
      return mismatch();
    }
    for (std::size_t i = 0; i < work.out.size(); ++i) {
      work.out[i] = accepted{each.events[i].id, history::to_text(epoch, each.events[i].position)};
    }
    work.sent_before = work.sent.size();
    break;
  }
  return {};
}

void publishing::finish(job& work, result<history::placed> came) {
  std::vector<std::shared_ptr<job>> woken;
  const auto outcome = came ? take_over(work, *came, log_.epoch()) : result<void>(came.error());
  {
    const std::lock_guard guard(repeats_mutex_);
    const auto now = work.context.steady_now;
    for (const auto i : work.sent) {
      if (!outcome)
        repeats_.drop(work.keys[i]);
      else if (!work.keys[i].empty())
        repeats_.settle(work.keys[i], {*work.out[i]}, now);
    }
    if (!outcome) {
      repeats_.drop(work.request_key);
    } else if (!work.request_key.empty()) {
      idempotency::answers given;
      for (std::size_t i = 0; i < work.out.size(); ++i) given.push_back(*work.out[work.same_as[i]]);
      repeats_.settle(work.request_key, std::move(given), now);
    }
    woken.swap(waiting_);
  }
  if (outcome) {
    answer(work);
  } else {
    count_refused(outcome.error());
    work.done(outcome.error());
  }
  for (const auto& each : woken) start(each);
}

void publishing::answer(job& work) {
  publish_answer out;
  const auto fresh = work.sent.size() - std::min(work.sent.size(), work.sent_before);
  out.repeated = fresh == 0;
  for (std::size_t i = 0; i < work.out.size(); ++i) {
    const auto from = work.out[i] ? i : work.same_as[i];
    out.events.push_back(*work.out[from]);
  }
  count(published_, fresh);
  count(repeated_, out.events.size() - fresh);
  work.done(std::move(out));
}

void publishing::count_refused(const error& why) const {
  if (options_.metrics == nullptr) return;
  options_.metrics
      ->counter("fanfare_publish_refused_total", "Publish requests refused, by cause.",
                {{"cause", std::string(describe(why.code).metric_label)}})
      .add();
}

}  // namespace fanfare::domain

#include "domain/feed.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include <fanfare/base/json.hpp>
#include <fanfare/base/rfc3339.hpp>

#include "domain/envelope.hpp"
#include "history/cursor.hpp"

namespace fanfare::domain {

namespace {

constexpr milliseconds lag_max{5000};               // of this node behind another that a client has seen
constexpr std::size_t ahead_max = 10000;            // who wait for what another node has seen
constexpr std::size_t answer_bytes_max = 16777216;  // of one HTTP answer; what does not fit is in the next page

}  // namespace

feed::feed(history::log& log, delivery& out, feed_options options)
    : log_(log), delivery_(out), head_(log.head()), filters_(options.filters_max) {
  if (options.metrics != nullptr) {
    evaluated_ = &options.metrics->counter("fanfare_filter_evaluations_total",
                                           "Evaluations of filters: one a live event and distinct filter.");
  }
  log_.on_break([this] { break_off(); });
  log_.observe([this](const history::entry& item) { deliver(item); });
}

feed::~feed() {
  log_.observe({});
  log_.on_break({});
}

void feed::break_off() {
  const std::lock_guard guard(mutex_);
  head_ = log_.head();
  wake(std::numeric_limits<std::uint64_t>::max());
  delivery_.interrupted();
}

void feed::wake(std::uint64_t up_to) {
  while (!ahead_.empty() && ahead_.begin()->first.first <= up_to) ahead_.extract(ahead_.begin()).mapped()();
}

void feed::catch_up(std::string_view since, executor& worker, std::function<void()> then) {
  const auto cursor = history::parse_cursor(since);
  if (!log_.shared() || !cursor || cursor->epoch != log_.epoch()) return then();
  const auto timer = std::make_shared<timer_id>();
  const auto go_on = [timer, &worker, then] {
    worker.cancel(*timer);
    then();
  };
  std::pair<std::uint64_t, std::uint64_t> place;
  {
    const std::lock_guard guard(mutex_);
    if (cursor->position > head_ && ahead_.size() < ahead_max) {
      place = {cursor->position, ++waits_};
      ahead_.emplace(place, [go_on, &worker] { worker.post(go_on); });
    }
  }
  if (place.second == 0) return then();
  *timer = worker.after(lag_max, [this, place, then] {
    {
      const std::lock_guard guard(mutex_);
      if (ahead_.erase(place) == 0) return;  // it has been posted
    }
    then();
  });
}

void feed::deliver(const history::entry& item) {
  auto envelope = item.envelope;
  if (!envelope) {
    auto parsed = json::parse(item.json.view());
    if (!parsed) return;  // only what another node wrote could be malformed
    envelope = std::make_shared<value>(std::move(*parsed));
  }
  set_cursor(*envelope, cursor_at(item.position));
  auto rooms = item.rooms;
  const std::lock_guard guard(mutex_);
  if (item.kept) {
    head_ = item.position;
    wake(item.position);
  }
  {
    const std::lock_guard filters(filters_mutex_);
    const auto evaluations = filters_.add_matching(rooms, *envelope);
    if (evaluated_ != nullptr) evaluated_->add(static_cast<double>(evaluations));
  }
  delivery_.deliver({item.type, *envelope, rooms, item.kept ? item.position : 0, item.conflate_key});
}

result<feed::entered> feed::enter(const std::vector<subscription>& wanted, const join_rooms& join) {
  entered out;
  const auto give_back = [this, &out] {
    for (const auto& room : out.joined) release(room);
  };
  const std::lock_guard guard(mutex_);
  for (const auto& [room, only] : wanted) {
    auto joined = only ? acquire(room, only) : result<std::string>(room);
    if (!joined) {
      give_back();
      return joined.error();
    }
    out.joined.push_back(std::move(*joined));
  }
  out.head = head_;
  if (auto done = join(out.joined, out.head); !done) {
    give_back();
    return done.error();
  }
  return out;
}

result<std::string> feed::acquire(const std::string& room, const filter_ptr& only) {
  const std::lock_guard guard(filters_mutex_);
  return filters_.acquire(room, only);
}

void feed::release(const std::string& internal_room) {
  const std::lock_guard guard(filters_mutex_);
  filters_.release(internal_room);
}

feed::selection feed::matching(filter_ptr only) {
  if (!only) return nullptr;
  return [only = std::move(only)](const history::entry&, const value& envelope) { return only->matches(envelope); };
}

void feed::read(history::range wanted, selection only, page_ready done) const {
  const auto after = wanted.after;
  log_.read(std::move(wanted),
            [this, after, only = std::move(only), done = std::move(done)](result<history::page> came) {
              if (!came) return done(came.error());
              page out;
              out.seen = after;
              out.complete = came->complete;
              out.more = came->more;
              for (const auto& item : came->entries) {
                out.seen = item.position;
                out.bytes += item.json.size();
                auto envelope = json::parse(item.json.view());
                if (!envelope) continue;
                set_cursor(*envelope, cursor_at(item.position));
                if (only && !only(item, *envelope)) continue;
                out.positions.push_back(item.position);
                out.events.push_back({item.type, std::move(*envelope)});
              }
              done(std::move(out));
            });
}

result<std::optional<feed::start>> feed::start_of(std::string_view since) const {
  if (const auto cursor = history::parse_cursor(since)) {
    if (cursor->epoch != log_.epoch() || cursor->position > head_) return std::optional<start>();
    return std::optional(start{cursor->position, 0});
  }
  const auto time = parse_rfc3339(since);
  if (!time) return error{errc::bad_request, "is neither a cursor nor an RFC 3339 time", "/since"};
  const auto since_ms = std::chrono::duration_cast<std::chrono::milliseconds>(time->time_since_epoch()).count();
  return std::optional(start{0, std::max<std::int64_t>(since_ms, 1)});
}

std::string feed::cursor_at(std::uint64_t position) const { return history::to_text(log_.epoch(), position); }

std::size_t feed::active_filters() const {
  const std::lock_guard guard(filters_mutex_);
  return filters_.size();
}

void read_history(const feed& events, const std::vector<std::string>& rooms, const std::optional<std::string>& since,
                  std::size_t limit, history_answer done) {
  auto from = since ? events.start_of(*since) : std::optional(feed::start{});
  if (!from) return done(from.error());
  const bool known = from->has_value();
  const auto begin = from->value_or(feed::start{});
  history::range wanted{rooms, begin.after, events.head(), begin.since_ms, false, limit, answer_bytes_max};
  events.read(std::move(wanted), nullptr,
              [&events, known, since = since.has_value(), head = events.head(),
               done = std::move(done)](result<feed::page> came) {
                if (!came) return done(came.error());
                history_page out;
                out.recovered = known && (!since || came->complete);
                out.more = came->more;
                out.cursor = events.cursor_at(came->more ? came->seen : head);
                out.events = std::move(came->events);
                done(std::move(out));
              });
}

void read_newest(const feed& events, const std::vector<std::string>& rooms, std::size_t limit, history_answer done) {
  history::range wanted{rooms, 0, events.head(), 0, true, limit, answer_bytes_max};
  events.read(std::move(wanted), nullptr,
              [cursor = events.head_cursor(), done = std::move(done)](result<feed::page> came) {
                if (!came) return done(came.error());
                std::ranges::reverse(came->events);
                done(history_page{std::move(came->events), cursor, true, came->more});
              });
}

std::string_view public_room(std::string_view room) noexcept { return room.substr(0, room.find(filter_mark)); }

}  // namespace fanfare::domain

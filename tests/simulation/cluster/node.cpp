#include "node.hpp"

#include <algorithm>
#include <utility>

#include "redis/client.hpp"

namespace fanfare::simulation {

node::node(scheduler& at, const domain::catalogue& types, node_terms how, std::function<void(const std::string&)> tell)
    : at_(at),
      types_(types),
      how_(std::move(how)),
      tell_(std::move(tell)),
      home_(at, 0),
      worker_(at, 1),
      to_redis_(at) {}

node::~node() {
  if (alive_) die();
}

template <class Work>
void node::on_worker(Work work) {
  worker_.post([weak = weak_from_this(), work = std::move(work)]() mutable {
    const auto self = weak.lock();
    if (self && self->alive_) work(*self);
  });
}

void node::start() {
  history::redis_log_options options;
  options.appender.node = how_.name;
  options.appender.bounds = how_.bounds;
  options.appender.min_replicas = how_.min_replicas;
  options.appender.replica_timeout = milliseconds{200};
  options.window = how_.window;
  options.patience = how_.patience;
  options.start_timeout = milliseconds{0};
  options.make_client = [this] {
    redis::client_options terms;
    terms.connection.pause = {milliseconds{20}, milliseconds{500}};
    terms.connection.draw = [this] { return static_cast<double>(at_.below(1000)) / 1000; };
    terms.connection.connect_timeout = how_.request_timeout;
    terms.request_timeout = how_.request_timeout;
    redis::url where;
    where.hosts = {{"redis", 6379}};
    return redis::make_client(home_, to_redis_, where, terms);
  };
  options.draw_epoch = [this] { return "e" + std::to_string(at_.below(1000000000)); };
  options.on_trouble = [this](const std::string& reason) {
    tell_(reason.empty() ? "takes events again" : "refuses events: " + reason);
  };
  log_ = std::make_unique<history::redis_log>(home_, std::move(options));
  await_log();
}

void node::await_log() {
  worker_.after(milliseconds{5}, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->alive_ || self->leaves_) return;
    if (self->log_->epoch().empty()) return self->await_log();
    self->serve();
  });
}

void node::serve() {
  domain::publishing_options options;
  options.around = &at_;
  static_cast<void>(options.kept_for.add("sim.latest latest", types_));
  publisher_ = std::make_unique<domain::publishing>(types_, *log_, std::move(options));
  feed_ = std::make_unique<domain::feed>(*log_, *this);
  members_ =
      std::make_unique<domain::fleet_members>(*log_, domain::node_info{how_.name, 0, {}, false}, how_.fleet_timeout);
  table_.join_fleet(*members_);
  log_->watch_facts({[this](const history::fact& item) { members_->hear(item); },
                     [this](const std::vector<history::fact>& all) {
                       members_->reread(all, at_.unix_ms(), worker_.now());
                       if (serves_) return;
                       on_worker([](node& self) {
                         if (self.serves_ || self.leaves_) return;
                         self.serves_ = true;
                         self.tell_("serves, at " + self.feed_->head_cursor());
                         self.tick();
                       });
                     }});
}

void node::tick() {
  const auto now_ms = at_.unix_ms();
  if (how_.faults != nullptr && how_.faults->dead_stay) {
    for (const auto& other : members_->nodes()) {
      if (other.name != name()) members_->hear({"node " + other.name, 0, now_ms + how_.fleet_timeout.count()});
    }
  }
  members_->tick(now_ms, worker_.now());
  if (worker_.now() - trimmed_at_ > milliseconds{2000}) {
    trimmed_at_ = worker_.now();
    log_->trim(now_ms);
  }
  worker_.after(std::min<milliseconds>(how_.fleet_timeout / 10, milliseconds{100}), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->alive_ && self->serves_) self->tick();
  });
}

void node::accept(const std::string& user, std::vector<std::string> rooms, std::optional<std::string> since,
                  std::function<void(packet)> send, ended to_end,
                  const std::function<void(std::weak_ptr<socket>)>& made) {
  on_worker([=](node& self) {
    if (!self.serves_) return to_end();
    api::connection_row row;
    row.user = user;
    const auto key = self.table_.add(std::move(row), {}, {.per_user = self.how_.connections_of_user_max});
    if (!key) {
      send({.what = packet::kind::refused});
      return to_end();
    }
    auto connection = std::make_shared<socket>(self.at_, *self.feed_, self.worker_, self.how_.sockets, send);
    self.table_.enter(*key, "global");
    for (const auto& room : rooms) self.table_.enter(*key, room);
    self.guests_.push_back({connection, *key, user, rooms, to_end});
    made(connection);
    connection->subscribe(rooms, since);
  });
}

void node::let_go(guest& which) {
  which.connection->end();
  table_.remove(which.row);
}

void node::drop(const std::weak_ptr<socket>& which) {
  on_worker([which](node& self) {
    const auto connection = which.lock();
    const auto found = std::ranges::find(self.guests_, connection, &guest::connection);
    if (found == self.guests_.end()) return;
    self.let_go(*found);
    self.guests_.erase(found);
  });
}

void node::end_all(bool told) {
  for (auto& each : std::exchange(guests_, {})) {
    let_go(each);
    if (told) each.to_end();
  }
}

void node::publish(std::vector<domain::draft> drafts, const std::string& publisher,
                   domain::publishing::published done) {
  on_worker([drafts = std::move(drafts), publisher, done = std::move(done)](node& self) mutable {
    if (!self.serves_) return done(errc::unavailable);
    domain::publish_context context;
    context.publisher = publisher;
    context.now = self.at_.now();
    context.steady_now = self.worker_.now();
    self.publisher_->publish(std::move(drafts), std::move(context),
                             [weak = self.weak_from_this(), done = std::move(done)](auto outcome) {
                               const auto still = weak.lock();
                               if (still && still->alive_) done(std::move(outcome));
                             });
  });
}

// Under the feed's mutex, on the log's thread.
void node::deliver(const domain::outgoing& event) {
  packet what{.id = tag_of(event.envelope),
              .cursor = std::string(event.envelope.find("cursor")->as_string()),
              .kept = event.sequence != 0};
  tell_("brings " + what.id + " " + what.cursor);
  on_worker([what = std::move(what), rooms = event.rooms, sequence = event.sequence](node& self) {
    for (auto& each : self.guests_) each.connection->emit(rooms, sequence, what);
  });
}

void node::interrupted() {
  tell_("interrupts its clients");
  on_worker([](node& self) { self.end_all(true); });
}

std::map<std::string, std::size_t> node::members_here(const std::string& room) const {
  std::map<std::string, std::size_t> out;
  for (const auto& each : guests_) {
    if (room == "global" || std::ranges::find(each.rooms, room) != each.rooms.end()) ++out[each.user];
  }
  return out;
}

void node::die() {
  serves_ = alive_ = false;
  end_all(true);
  to_redis_.thaw();
  to_redis_.cut();
  to_redis_.lead_to(nullptr);
  if (log_) {
    log_->begin_close();
    home_.run_out([this] { return log_->closed(); });
  }
  members_ = nullptr;
  publisher_ = nullptr;
  feed_ = nullptr;
  log_ = nullptr;
}

void node::leave() {
  leaves_ = true;
  on_worker([](node& self) {
    const bool served = std::exchange(self.serves_, false);
    self.end_all(true);
    if (served) self.members_->leave();
    self.log_->begin_close();
  });
}

bool node::is_gone() const { return leaves_ && log_ && log_->closed(); }

}  // namespace fanfare::simulation

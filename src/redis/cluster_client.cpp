#include "redis/cluster_client.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "redis/slots.hpp"
#include "redis/topology.hpp"

namespace fanfare::redis {

namespace {

constexpr milliseconds refresh_pause{100};  // between two questions for the map, however many reasons there are

struct cluster_core : std::enable_shared_from_this<cluster_core> {
  cluster_core(executor& at, net::connector& by, const url& given, client_options with)
      : home(at), connector(by), where(given), options(std::move(with)), taken(options.bounds), seeds(given.hosts) {
    options.connection.terms = terms_of(where, std::move(options.connection.terms));
  }

  std::shared_ptr<link> link_to(const endpoint& node) {
    auto& found = links[node];
    if (!found) {
      const auto weak = weak_from_this();
      found = link::make(home, connector, std::make_shared<fixed_locator>(std::vector{node}), options.connection,
                         {[weak] {
                            if (const auto self = weak.lock()) self->tell("");
                          },
                          nullptr,
                          [weak, node](const error& why) {
                            if (const auto self = weak.lock()) self->on_lost(node, why);
                          }});
    }
    return found;
  }

  // A question for the map does not wait for a node that is gone; what else waits there may.
  void on_lost(const endpoint& node, const error& why) {
    tell(why.detail);
    const auto way = links.find(node);
    if (closed || way == links.end()) return;
    const auto link = way->second;
    for (auto& each : link->withdraw()) {
      if (each.commands == questions[0] || each.commands == questions[1]) {
        each.done(why);
      } else {
        link->submit(std::move(each));
      }
    }
    refresh();
  }

  void send(request wanted, unsigned attempt, unsigned hops) {
    if (closed) return wanted.done(error{errc::closed, "redis: closed", {}});
    const auto slot = wanted.commands->slot();
    const auto* const node = slot ? map.master_of(*slot) : any_master();
    if (node == nullptr) {
      refresh();
      return again(std::move(wanted), attempt, "redis: no node serves the slot");
    }
    send_to(*node, std::move(wanted), attempt, hops, false);
  }

  void send_to(const endpoint& node, request wanted, unsigned attempt, unsigned hops, bool asking) {
    request sent{wanted.commands, wanted.deadline, wanted.repeatable, nullptr};
    if (asking) sent.commands = std::make_shared<const batch>(wanted.commands->asking());
    auto mine = std::make_shared<routed>(routed{std::move(wanted), attempt, hops, node});
    sent.done = [weak = weak_from_this(), mine, asking](result<std::vector<reply>> outcome) {
      if (outcome && asking) {  // every other reply is ASKING's
        std::vector<reply> own;
        for (std::size_t i = 1; i < outcome->size(); i += 2) own.push_back(std::move((*outcome)[i]));
        outcome = std::move(own);
      }
      const auto self = weak.lock();
      if (!outcome || !self) return mine->wanted.done(std::move(outcome));
      self->decide(*mine, std::move(*outcome));
    };
    link_to(node)->submit(std::move(sent));
  }

  struct routed {
    request wanted;
    unsigned attempt, hops;
    endpoint node;
  };

  void decide(routed& mine, std::vector<reply> replies) {
    const auto came = judge(*mine.wanted.commands, replies, mine.wanted.repeatable, mine.node);
    switch (came.what) {
      case course::done:
        return mine.wanted.done(std::move(replies));
      case course::moved:
        map.move(came.slot, came.to);
        refresh();
        if (mine.hops < options.redirections_max) {
          return send_to(came.to, std::move(mine.wanted), mine.attempt, mine.hops + 1, false);
        }
        break;
      case course::ask:
        if (mine.hops < options.redirections_max) {
          return send_to(came.to, std::move(mine.wanted), mine.attempt, mine.hops + 1, true);
        }
        break;
      case course::again:
      case course::elsewhere:
        refresh();
        break;
    }
    again(std::move(mine.wanted), mine.attempt, came.reason);
  }

  void again(request wanted, unsigned attempt, const std::string& why) {
    const auto pause =
        options.connection.pause.delay(attempt, options.connection.draw ? options.connection.draw() : 0.5);
    if (closed || home.now() + pause >= wanted.deadline) {
      const auto reason = map.empty() && !trouble.empty() ? trouble : why;
      return wanted.done(error{errc::unavailable, reason, {}});
    }
    home.after(pause, [self = shared_from_this(), wanted = std::move(wanted), attempt]() mutable {
      self->send(std::move(wanted), attempt + 1, 0);
    });
  }

  const endpoint* any_master() {
    const auto& masters = map.masters();
    if (masters.empty()) return nullptr;
    // One that is there, else the next in turn.
    for (std::size_t i = 0; i < masters.size(); ++i) {
      const auto& node = masters[(turn + i) % masters.size()];
      const auto found = links.find(node);
      if (found != links.end() && found->second->ready()) return &node;
    }
    return &masters[turn++ % masters.size()];
  }

  // Whom to ask for the map: a master that is there, else all that are known and what the URL names, in turn.
  endpoint next_to_ask() {
    const auto& masters = map.masters();
    for (std::size_t i = 0; i < masters.size(); ++i) {
      const auto& node = masters[(asked + i) % masters.size()];
      if (const auto found = links.find(node); found != links.end() && found->second->ready()) return ++asked, node;
    }
    const auto at = asked++ % (masters.size() + seeds.size());
    return at < masters.size() ? masters[at] : seeds[at - masters.size()];
  }

  void refresh() {
    if (refreshing || closed) return;
    refreshing = true;
    const auto wait = map.empty() && asked < seeds.size() ? milliseconds{0} : refresh_pause;
    home.after(wait, [weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && !self->closed) self->ask_map(self->next_to_ask(), false);
    });
  }

  void ask_map(const endpoint& node, bool slots) {
    request question;
    question.commands = questions[slots ? 1 : 0];
    question.deadline = home.now() + options.connection.connect_timeout;
    question.done = [weak = weak_from_this(), node, slots](const result<std::vector<reply>>& outcome) {
      const auto self = weak.lock();
      if (!self || self->closed) return;
      if (outcome && outcome->front().is_error("ERR") && !slots) return self->ask_map(node, true);
      self->refreshing = false;
      if (!outcome || outcome->front().is_error()) {
        self->trouble = outcome ? outcome->front().text : outcome.error().detail;
        return self->refresh();
      }
      const auto& answer = outcome->front();
      auto found = slots ? slot_map::from_slots(answer, node) : slot_map::from_shards(answer, node, self->where.secure);
      if (found && !found->empty()) return self->adopt(std::move(*found));
      self->trouble = found ? "redis: the cluster has no masters" : found.error().detail;
      self->refresh();
    };
    link_to(node)->submit(std::move(question));
  }

  // Links of masters that are none any more go, once nothing is under way on them; what waits there goes elsewhere.
  void adopt(slot_map found) {
    map = std::move(found);
    std::vector<request> homeless;
    for (auto at = links.begin(); at != links.end();) {
      const auto& masters = map.masters();
      const bool wanted = std::find(masters.begin(), masters.end(), at->first) != masters.end();
      if (!wanted || !at->second->ready()) {
        for (auto& each : at->second->withdraw()) homeless.push_back(std::move(each));
      }
      if (wanted || !at->second->idle()) {
        ++at;
        continue;
      }
      at->second->close();
      at = links.erase(at);
    }
    for (const auto& node : map.masters()) static_cast<void>(link_to(node));
    // `done` of a request in a link is send_to's: it answers the caller, or comes back here for another node.
    for (auto& each : homeless) reroute(std::move(each));
    if (!map.complete()) refresh();
  }

  void reroute(request each) {
    const auto slot = each.commands->slot();
    const auto* const node = slot ? map.master_of(*slot) : any_master();
    if (node != nullptr) return link_to(*node)->submit(std::move(each));
    // A replica takes over once the others have agreed that its master is gone.
    refresh();
    if (closed || home.now() + refresh_pause >= each.deadline) {
      return each.done(error{errc::unavailable, "redis: no node serves the slot", {}});
    }
    home.after(refresh_pause,
               [self = shared_from_this(), each = std::move(each)]() mutable { self->reroute(std::move(each)); });
  }

  void close() {
    if (std::exchange(closed, true)) return;
    for (const auto& [node, way] : std::exchange(links, {})) way->close();
  }

  void tell(const std::string& reason) {
    if (on_state != nullptr && *on_state) (*on_state)(reason);
  }

  executor& home;
  net::connector& connector;
  url where;
  client_options options;
  intake taken;
  std::vector<endpoint> seeds;
  const std::array<std::shared_ptr<const batch>, 2> questions{std::make_shared<const batch>(batch{"CLUSTER", "SHARDS"}),
                                                              std::make_shared<const batch>(batch{"CLUSTER", "SLOTS"})};
  slot_map map;
  std::map<endpoint, std::shared_ptr<link>> links;
  std::size_t turn = 0, asked = 0;
  bool refreshing = false, closed = false;
  std::string trouble;
  const std::function<void(const std::string&)>* on_state = nullptr;
};

// Where a slot's subscriptions belong now; any master without one.
class slot_locator final : public locator {
 public:
  slot_locator(std::shared_ptr<cluster_core> core, std::optional<std::uint16_t> slot)
      : core_(std::move(core)), slot_(slot) {}
  void locate(located done) override {
    // Asked when a connection was lost or refused, so the map may be old.
    if (tries_++ != 0) core_->refresh();
    const auto* const node = slot_ ? core_->map.master_of(*slot_) : core_->any_master();
    if (node == nullptr) return done(error{errc::unavailable, "redis: no node serves the slot", {}});
    done(*node);
  }

 private:
  std::shared_ptr<cluster_core> core_;
  std::optional<std::uint16_t> slot_;
  unsigned tries_ = 0;
};

class cluster_client final : public client {
 public:
  cluster_client(executor& home, net::connector& connector, const url& where, client_options options)
      : core_(std::make_shared<cluster_core>(home, connector, where, std::move(options))) {
    core_->on_state = &on_state;
    core_->refresh();
  }
  ~cluster_client() override {
    core_->on_state = nullptr;
    cluster_client::close();
  }

  void submit(batch commands, answered done, request_options how) override {
    const auto timeout = how.timeout.count() != 0 ? how.timeout : core_->options.request_timeout;
    auto wanted = core_->taken.take(std::move(commands), std::move(done), core_->home.now() + timeout, how.repeatable);
    if (wanted) core_->send(std::move(*wanted), 0, 0);
  }
  std::shared_ptr<locator> locate_subscriptions(std::optional<std::uint16_t> slot) override {
    return std::make_shared<slot_locator>(core_, slot);
  }
  bool ready() const override { return core_->map.complete(); }
  void close() override { core_->close(); }

 private:
  std::shared_ptr<cluster_core> core_;
};

}  // namespace

std::unique_ptr<client> make_cluster_client(executor& home, net::connector& connector, const url& where,
                                            client_options options) {
  return std::make_unique<cluster_client>(home, connector, where, std::move(options));
}

}  // namespace fanfare::redis

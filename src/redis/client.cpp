#include "redis/client.hpp"

#include <utility>

#include "redis/cluster_client.hpp"
#include "redis/sentinel_locator.hpp"
#include "redis/topology.hpp"

namespace fanfare::redis {

namespace {

std::shared_ptr<locator> locator_of(executor& home, net::connector& connector, const url& where,
                                    const link_options& options) {
  if (where.kind != deployment::sentinel) return std::make_shared<fixed_locator>(where.hosts);
  return sentinel_locator::make(home, connector, where, options);
}

// One server at a time: the standalone one, or the master that Sentinel names.
class single_client final : public client {
 public:
  single_client(executor& home, net::connector& connector, const url& where, const client_options& options)
      : core_(std::make_shared<core>(home, options)) {
    auto link_terms = options.connection;
    link_terms.terms = terms_of(where, std::move(link_terms.terms));
    core_->where = locator_of(home, connector, where, link_terms);
    core_->way = link::make(home, connector, core_->where, std::move(link_terms),
                            {[this] { tell(""); }, nullptr, [this](const error& why) { tell(why.detail); }});
  }
  ~single_client() override { single_client::close(); }

  void submit(batch commands, answered done, request_options how) override {
    const auto timeout = how.timeout.count() != 0 ? how.timeout : core_->options.request_timeout;
    auto wanted = core_->taken.take(std::move(commands), std::move(done), core_->home.now() + timeout, how.repeatable);
    if (wanted) core_->send(std::move(*wanted), 0);
  }
  std::shared_ptr<locator> locate_subscriptions(std::optional<std::uint16_t>) override { return core_->where; }
  bool ready() const override { return core_->way->ready(); }
  void close() override {
    core_->closed = true;
    core_->way->close();
  }

 private:
  struct core : std::enable_shared_from_this<core> {
    core(executor& at, client_options with) : home(at), options(std::move(with)), taken(options.bounds) {}

    void send(request wanted, unsigned attempt) {
      request sent{wanted.commands, wanted.deadline, wanted.repeatable, nullptr};
      sent.done = [self = shared_from_this(), wanted = std::move(wanted), attempt](auto outcome) mutable {
        if (!outcome) return wanted.done(std::move(outcome));
        const auto came = judge(*wanted.commands, *outcome, wanted.repeatable, {});
        // MOVED and ASK are a cluster's: a URL that names none is a fault of the configuration, told as it came.
        if (came.what != course::again && came.what != course::elsewhere) return wanted.done(std::move(outcome));
        self->again(std::move(wanted), attempt, came);
      };
      way->submit(std::move(sent));
    }

    void again(request wanted, unsigned attempt, const verdict& came) {
      const auto pause =
          options.connection.pause.delay(attempt, options.connection.draw ? options.connection.draw() : 0.5);
      if (closed || home.now() + pause >= wanted.deadline)
        return wanted.done(error{errc::unavailable, came.reason, {}});
      if (came.what == course::elsewhere) way->relocate(came.reason);
      home.after(pause, [self = shared_from_this(), wanted = std::move(wanted), attempt]() mutable {
        self->send(std::move(wanted), attempt + 1);
      });
    }

    executor& home;
    client_options options;
    intake taken;
    std::shared_ptr<locator> where;
    std::shared_ptr<link> way;
    bool closed = false;
  };

  void tell(const std::string& reason) {
    if (on_state) on_state(reason);
  }

  std::shared_ptr<core> core_;
};

}  // namespace

connection_terms terms_of(const url& where, connection_terms base) {
  base.user = where.user;
  base.password = where.password;
  base.database = where.database;
  base.check_master = where.kind == deployment::sentinel;
  return base;
}

std::unique_ptr<client> make_client(executor& home, net::connector& connector, const url& where,
                                    client_options options) {
  if (where.kind == deployment::cluster) return make_cluster_client(home, connector, where, std::move(options));
  return std::make_unique<single_client>(home, connector, where, options);
}

}  // namespace fanfare::redis

#include "redis/sentinel_locator.hpp"

#include <utility>

namespace fanfare::redis {

sentinel_locator::sentinel_locator(executor& home, net::connector& connector, const url& where,
                                   const link_options& options)
    : home_(home),
      connector_(connector),
      search_(where.hosts, where.master_name),
      terms_(options.terms),
      timeout_(options.connect_timeout) {
  terms_.user = where.sentinel_user;
  terms_.password = where.sentinel_password;
  terms_.database = 0;
  terms_.check_master = terms_.subscriber = false;
}

std::shared_ptr<sentinel_locator> sentinel_locator::make(executor& home, net::connector& connector, const url& where,
                                                         const link_options& options) {
  return std::shared_ptr<sentinel_locator>(new sentinel_locator(home, connector, where, options));
}

sentinel_locator::~sentinel_locator() {
  if (current_) current_->close();
}

void sentinel_locator::locate(located done) {
  waiting_.push_back(std::move(done));
  if (waiting_.size() == 1) ask();
}

void sentinel_locator::ask() {
  const auto weak = weak_from_this();
  current_ = connection::open(home_, connector_, search_.whom(), timeout_, terms_,
                              {[weak] {
                                 if (const auto self = weak.lock()) self->question();
                               },
                               nullptr,
                               [weak](const error& why) {
                                 if (const auto self = weak.lock()) self->fail(why.detail);
                               }});
}

void sentinel_locator::question() {
  exchange work{std::make_shared<const batch>(search_.question()), home_.now() + timeout_, {}, 0, nullptr};
  work.done = [weak = weak_from_this()](fate, const result<std::vector<reply>>& outcome) {
    const auto self = weak.lock();
    if (!self || !self->current_) return;
    if (!outcome) {
      // Too slow; an end of the connection has told fail() before.
      const auto leaving = std::exchange(self->current_, nullptr);
      leaving->close();
      return self->fail(outcome.error().detail);
    }
    if (const auto master = self->search_.on_answer(*outcome)) return self->settle(*master);
    const auto& first = outcome->front();
    const auto leaving = std::exchange(self->current_, nullptr);
    leaving->close();
    self->fail(first.is_error() ? first.text : "it does not know the master");
  };
  static_cast<void>(current_->submit(std::move(work)));
}

void sentinel_locator::fail(const std::string& why) {
  const auto asked = net::shown(search_.whom());
  current_.reset();
  if (search_.on_failure()) return ask();
  settle(error{errc::unavailable, "redis: no sentinel names the master; " + asked + ": " + why, {}});
}

void sentinel_locator::settle(const result<net::endpoint>& outcome) {
  if (const auto leaving = std::exchange(current_, nullptr)) leaving->close();
  for (const auto& each : std::exchange(waiting_, {})) each(outcome);
}

}  // namespace fanfare::redis

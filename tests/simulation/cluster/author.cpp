#include "author.hpp"

#include <algorithm>
#include <utility>

namespace fanfare::simulation {

namespace {

constexpr std::int64_t delay_max_ms = 5;
constexpr std::uint64_t batch_max = 3;

}  // namespace

domain::draft author::draw(bool named) {
  domain::draft out;
  const auto tag = name_ + "-" + std::to_string(++sent_);
  if (named) out.id = tag;
  out.source = "/simulation";
  const auto kind = at_.below(10);
  out.type = kind < 7 ? "sim.kept" : kind < 8 ? "sim.latest" : "sim.passing";
  out.data = object{{"key", "k" + std::to_string(at_.below(2))}, {"tag", tag}};
  out.rooms.push_back(at_.any_of(rooms_));
  if (at_.one_in(3)) out.rooms.push_back(at_.any_of(rooms_));
  std::string shown = name_ + " writes " + tag + ", " + out.type + ", for";
  for (const auto& room : out.rooms) shown += " " + room;
  book_.note(shown);
  book_.published(tag, {out.rooms, out.type != "sim.passing", out.type == "sim.kept", std::nullopt});
  return out;
}

void author::publish() {
  const auto what = std::make_shared<request>();
  what->once = at_.one_in(3);
  for (auto n = 1 + at_.below(batch_max); n-- > 0;) {
    what->drafts.push_back(draw(!what->once));
    what->tags.push_back(name_ + "-" + std::to_string(sent_));
  }
  if (!what->once) ++waiting_;
  send(what);
}

void author::send(const std::shared_ptr<request>& what) {
  if (what->answered) return;
  std::vector<std::shared_ptr<node>> open;
  std::ranges::copy_if(nodes_, std::back_inserter(open), &node::serves);
  if (!open.empty()) {
    const auto chosen = at_.any_of(open);
    book_.note(name_ + " publishes " + what->tags.front() + "… at " + chosen->name());
    at_.after(at_.between(0, delay_max_ms), [self = shared_from_this(), at = std::weak_ptr(chosen), what] {
      const auto there = at.lock();
      if (!there) return;
      there->publish(what->drafts, self->name_, [self, what](const auto& outcome) {
        // The answer may be lost on its way.
        if (self->at_.one_in(20)) return;
        self->at_.after(self->at_.between(0, delay_max_ms), [self, what, outcome] { self->answer(what, outcome); });
      });
    });
  }
  if (what->once) return;
  // Whoever hears nothing, or a refusal, asks again.
  at_.after(at_.between(500, 4000), [self = shared_from_this(), what] { self->send(what); });
}

void author::answer(const std::shared_ptr<request>& what, const result<domain::publish_answer>& outcome) {
  if (what->answered) return;
  if (!outcome) return book_.note(name_ + " is refused " + what->tags.front());
  what->answered = true;
  if (!what->once) --waiting_;
  for (std::size_t i = 0; i < what->drafts.size(); ++i) {
    book_.acknowledged(what->tags[i], outcome->events[i].cursor);
  }
}

}  // namespace fanfare::simulation

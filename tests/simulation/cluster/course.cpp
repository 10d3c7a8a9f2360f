#include "course.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "author.hpp"
#include "domain/catalogue/catalogue.hpp"
#include "listener_client.hpp"
#include "node.hpp"
#include "weather.hpp"

namespace fanfare::simulation {

namespace {

const std::vector<std::string> all_rooms{"r:0", "r:1", "r:2"};

const domain::catalogue& types() {
  static const auto made = [] {
    domain::catalogue out;
    for (const auto* schema :
         {R"({"x-fanfare-type": "sim.kept", "type": "object"})",
          R"({"x-fanfare-type": "sim.passing", "type": "object", "x-fanfare-kept": false})",
          R"({"x-fanfare-type": "sim.latest", "type": "object", "x-fanfare-conflate": ["key"], "required": ["key"],
              "properties": {"key": {"type": "string"}}})"}) {
      if (const auto added = out.add_schema(schema); !added) throw std::runtime_error(added.error().detail);
    }
    return out;
  }();
  return made;
}

class course {
 public:
  course(std::uint64_t seed, script_engine& engine, const sabotage& faults, bool trace)
      : at_(seed), book_(at_), faults_(faults), sky_(at_, book_, engine, nodes_, faults_) {
    book_.tracing = trace;
    book_.look_at([this]() -> const auto& { return sky_.log(); });
  }
  ~course() {
    for (const auto& each : nodes_) each->die();
  }
  course(const course&) = delete;
  course& operator=(const course&) = delete;

  outcome run() {
    draw_terms();
    populate();
    live();
    come_to_rest();
    if (book_.well()) judge();
    return {book_.faults(), book_.trace(), book_.counted(), at_.steps()};
  }

 private:
  void draw_terms();
  void populate();
  void live();
  void befall();
  void come_to_rest();
  void judge();
  void judge_members();
  void judge_facts(const std::set<std::string>& alive);
  void add_node();
  void lose_node(bool by_itself);
  void run_for(milliseconds span);

  scheduler at_;
  ledger book_;
  const sabotage& faults_;
  node_list nodes_;
  weather sky_;
  node_terms terms_;
  bool loses_ = false;
  unsigned born_ = 0;
  std::vector<std::shared_ptr<listener_client>> clients_;
  std::vector<std::shared_ptr<author>> authors_;
};

void course::draw_terms() {
  loses_ = at_.one_in(2);
  if (at_.one_in(3)) terms_.bounds = {.entries_max = 10 + at_.below(30), .room_entries_max = 4 + at_.below(20)};
  terms_.window = terms_.bounds;
  if (at_.one_in(2)) terms_.window.entries_max = 5 + at_.below(20);
  terms_.patience = at_.between(500, 5000);
  terms_.request_timeout = at_.between(300, 5000);
  terms_.fleet_timeout = at_.between(600, 1500);
  terms_.min_replicas = at_.one_in(4) ? 1 : 0;
  book_.replicated = terms_.min_replicas != 0;
  terms_.sockets.held_max = at_.one_in(4) ? 3 : 1000;
  terms_.sockets.replays.page_entries = 1 + at_.below(10);
  terms_.sockets.gate_open = faults_.gate_open;
  terms_.sockets.rooms_ignored = faults_.rooms_ignored;
  terms_.sockets.always_recovered = faults_.always_recovered;
  terms_.faults = &faults_;
}

void course::add_node() {
  auto how = terms_;
  how.name = "n" + std::to_string(born_++);
  const auto made = std::make_shared<node>(
      at_, types(), how, [this, name = how.name](const std::string& what) { book_.note(name + " " + what); });
  sky_.welcome(*made);
  nodes_.push_back(made);
  made->start();
}

void course::populate() {
  const auto nodes = 2 + at_.below(3);
  for (std::uint64_t n = 0; n < nodes; ++n) add_node();
  const auto clients = 2 + at_.below(5);
  constexpr std::uint64_t users = 3;
  terms_.connections_of_user_max = (clients + users - 1) / users + 1;  // of the same user, with one that died unseen
  for (std::uint64_t n = 0; n < clients; ++n) {
    ledger::listener who{.name = "c" + std::to_string(n)};
    who.rooms.insert(at_.any_of(all_rooms));
    if (at_.one_in(2)) who.rooms.insert(at_.any_of(all_rooms));
    clients_.push_back(std::make_shared<listener_client>(at_, book_, nodes_, "u" + std::to_string(n % users), who));
    clients_.back()->come();
  }
  const auto authors = 1 + at_.below(3);
  for (std::uint64_t n = 0; n < authors; ++n) {
    authors_.push_back(std::make_shared<author>(at_, book_, nodes_, "p" + std::to_string(n), all_rooms));
  }
}

void course::run_for(milliseconds span) {
  at_.run_for(span, [this] { return book_.well(); });
  std::erase_if(nodes_, [](const auto& each) {
    if (!each->is_gone()) return false;
    each->die();
    return true;
  });
}

void course::live() {
  run_for(milliseconds{300});
  const auto until = at_.steady_now() + at_.between(1000, 8000);
  const auto calm = 2 + at_.below(20);  // turns between two strikes, about
  while (at_.steady_now() < until && book_.well()) {
    at_.any_of(authors_)->publish();
    if (at_.one_in(calm)) befall();
    run_for(at_.one_in(2) ? at_.between(0, 20) : at_.between(20, 600));
  }
}

void course::befall() {
  switch (at_.below(12)) {
    case 0:
      return lose_node(false);
    case 1:
      return lose_node(true);
    case 2:
      if (nodes_.size() < 5) add_node();
      return;
    case 3:
    case 4: {
      auto& who = at_.any_of(clients_);
      if (at_.one_in(2)) who->stay_away(at_.between(0, 4000));
      if (at_.one_in(6)) who->forget();
      return who->lose_connection();
    }
    default:
      return sky_.strike(loses_);
  }
}

void course::lose_node(bool by_itself) {
  if (nodes_.size() < 2) return;
  const auto at = at_.below(nodes_.size());
  const auto chosen = nodes_[at];
  book_.note(chosen->name() + (by_itself ? " leaves" : " dies"));
  if (by_itself) {
    chosen->leave();
  } else {
    nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(at));
    chosen->die();
  }
  if (nodes_.size() < 3 || at_.one_in(2)) add_node();
}

void course::come_to_rest() {
  book_.note("nothing strikes any more");
  while (book_.well() && at_.steady_now() < sky_.calm_from()) run_for(milliseconds{100});
  constexpr int turns_max = 120;
  const auto settled = [this] {
    return !sky_.is_changing() && std::ranges::all_of(authors_, &author::is_content) &&
           std::ranges::all_of(clients_, &listener_client::is_in);
  };
  for (int n = 0; n < turns_max && book_.well() && !settled(); ++n) run_for(milliseconds{500});
  run_for(terms_.fleet_timeout * 2 + milliseconds{500});
  // What nobody alive knows of any more, as all who did died, goes with the next node that looks.
  add_node();
  run_for(terms_.fleet_timeout * 3 + milliseconds{1000});
  book_.note("all should have come to rest");
}

void course::judge() {
  std::set<std::string> alive;
  for (const auto& each : nodes_) {
    if (!each->serves()) book_.fail(each->name() + " does not serve");
    alive.insert(each->name());
  }
  std::vector<const ledger::listener*> all;
  for (const auto& each : clients_) {
    if (!each->is_in()) book_.fail(each->who().name + " is not let in");
    all.push_back(&each->who());
  }
  for (const auto& each : authors_) {
    if (!each->is_content()) book_.fail("a publisher waits for ever");
  }
  if (!book_.well()) return;
  book_.settle(all, alive);
  judge_members();
  judge_facts(alive);
}

void course::judge_members() {
  auto rooms = all_rooms;
  rooms.emplace_back("global");
  for (const auto& room : rooms) {
    std::map<std::string, std::size_t> truth;
    for (const auto& each : nodes_) {
      for (const auto& [user, count] : each->members_here(room)) truth[user] += count;
    }
    for (const auto& each : nodes_) {
      if (each->members(room) == truth) continue;
      std::string found;
      for (const auto& [user, count] : each->members(room)) found += " " + user + "=" + std::to_string(count);
      for (const auto& [user, count] : truth) found += ", truly " + user + "=" + std::to_string(count);
      book_.fail(each->name() + " has wrong members of " + room + ":" + found);
    }
  }
  for (const auto& each : nodes_) {
    if (each->nodes() != nodes_.size()) {
      book_.fail(each->name() + " knows of " + std::to_string(each->nodes()) + " nodes of " +
                 std::to_string(nodes_.size()));
    }
  }
}

/// Of the dead nothing is left in Redis either.
void course::judge_facts(const std::set<std::string>& alive) {
  std::string cursor = "0";
  do {
    const auto page =
        sky_.master()->keys.run(std::vector<std::string>{"HSCAN", "{fanfare}:log:facts", cursor}, at_.unix_ms());
    cursor = page.elements[0].text;
    const auto& names = page.elements[1].elements;
    for (std::size_t i = 0; i < names.size(); i += 2) {
      const auto& name = names[i].text;
      const auto space = name.find(' ');
      const auto node = name.substr(space + 1, name.find('\x1f') - space - 1);
      const bool here = name.starts_with("here ");
      if (here && !alive.contains(node)) book_.fail("\"" + name + "\" is left of a node that is gone");
    }
  } while (cursor != "0");
}

}  // namespace

outcome run_course(std::uint64_t seed, script_engine& engine, const sabotage& faults, bool trace) {
  return course(seed, engine, faults, trace).run();
}

}  // namespace fanfare::simulation

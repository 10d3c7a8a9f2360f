#pragma once

// Nodes that tell each other who is where, over a log that hands facts on when the test lets it, or forgets to.

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "domain/fleet/fleet_members.hpp"
#include "history/memory_log.hpp"

namespace fanfare::domain::test {

/// What all nodes share: the facts, and for each node those that it has yet to hear.
struct shared_facts {
  std::map<std::string, history::fact> held;
  std::map<std::string, std::vector<history::fact>> unheard;
};

class node_log : public history::memory_log {
 public:
  node_log(shared_facts& all, std::string name) : memory_log("e"), all_(all), name_(std::move(name)) {
    all_.unheard[name_];
  }
  ~node_log() override { all_.unheard.erase(name_); }
  void keep(history::fact item, kept done) override {
    if (!up || !keeps) return done(errc::unavailable);
    if (item.until_ms == 0)
      all_.held.erase(item.name);
    else
      all_.held[item.name] = item;
    for (auto& [name, items] : all_.unheard) {
      if (name != name_) items.push_back(item);
    }
    done({});
  }
  [[nodiscard]] std::vector<history::fact> facts(std::int64_t now_ms) const override {
    std::vector<history::fact> out;
    for (const auto& [name, item] : all_.held) {
      if (item.until_ms > now_ms) out.push_back(item);
    }
    return out;
  }
  [[nodiscard]] bool ready() const override { return up; }
  bool up = true;
  bool keeps = true;  // false: what it is given fails, as where Redis is just about to be missed

 private:
  shared_facts& all_;
  const std::string name_;
};

struct node {
  node(shared_facts& shared, const std::string& name, std::int64_t now_ms)
      : all(shared), called(name), log(shared, name), members(log, {name, 7, name + ":80", false}, milliseconds{1000}) {
    members.attach({[this](const auto& room, const auto& user) {
                      return here[{room, user}];
                    },
                    [this](const auto& room, const auto& user, bool joined) {
                      notes.push_back((joined ? "+" : "-") + room + "/" + user);
                    }});
    members.reread(log.facts(now_ms), now_ms, at(now_ms));
    tick(now_ms);
  }
  static steady_time at(std::int64_t now_ms) { return steady_time(milliseconds(now_ms)); }
  void put(const std::string& room, const std::string& user, std::size_t count) {
    here[{room, user}] = count;
    members.touch(room, user);
  }
  void tick(std::int64_t now_ms) { members.tick(now_ms, at(now_ms)); }
  void hear() {
    for (const auto& item : std::exchange(all.unheard[called], {})) members.hear(item);
  }
  /// It lost what it had yet to hear, and reads what there is instead.
  void miss(std::int64_t now_ms) {
    all.unheard[called].clear();
    members.reread(log.facts(now_ms), now_ms, at(now_ms));
  }
  shared_facts& all;
  const std::string called;
  node_log log;
  std::map<std::pair<std::string, std::string>, std::size_t> here;
  std::vector<std::string> notes;
  fleet_members members;
};

struct fleet_rig : testing::Test {
  static void live(std::initializer_list<node*> nodes, std::int64_t now_ms) {
    for (auto* each : nodes) {
      each->hear();
      each->tick(now_ms);
    }
  }
  static std::vector<std::string> names(const node& at) {
    std::vector<std::string> out;
    for (const auto& each : at.members.nodes()) out.push_back(each.name);
    return out;
  }
  shared_facts all;
};

}  // namespace fanfare::domain::test

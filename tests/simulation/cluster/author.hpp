#pragma once

// A publisher: sends events to any node, and again, to any node, until one acknowledges them, unless they are such as
// cannot be told from new ones. Inbound: course.
// Outbound: node, ledger.

#include <memory>
#include <string>
#include <vector>

#include "ledger.hpp"
#include "listener_client.hpp"
#include "node.hpp"

namespace fanfare::simulation {

class author final : public std::enable_shared_from_this<author> {
 public:
  author(scheduler& at, ledger& book, const node_list& nodes, std::string name, std::vector<std::string> rooms)
      : at_(at), book_(book), nodes_(nodes), name_(std::move(name)), rooms_(std::move(rooms)) {}

  void publish();
  /// Nothing waits for its acknowledgement.
  [[nodiscard]] bool is_content() const noexcept { return waiting_ == 0; }

 private:
  struct request {
    std::vector<domain::draft> drafts;
    std::vector<std::string> tags;  // of each
    bool answered = false;
    bool once = false;  // its events have no ids of their own: asked again they would be others
  };
  [[nodiscard]] domain::draft draw(bool named);
  void send(const std::shared_ptr<request>& what);
  void answer(const std::shared_ptr<request>& what, const result<domain::publish_answer>& outcome);

  scheduler& at_;
  ledger& book_;
  const node_list& nodes_;
  const std::string name_;
  const std::vector<std::string> rooms_;
  unsigned sent_ = 0, waiting_ = 0;
};

}  // namespace fanfare::simulation

// Dynamic namespaces: what is set up here holds for each namespace made when a client asks for a name that
// matches. Inbound: server_core. Outbound: its children, by the adapter.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <regex>
#include <string>

#include "socketio/name_space_impl.hpp"

namespace fanfare::socketio {

/// Broadcasts go to the children that are there; what needs an answer has none to give. Thread: any.
class parent_adapter;

class parent_name_space final : public name_space {
 public:
  parent_name_space(const context_ptr& shared, std::string name, server::namespace_matcher matches,
                    std::optional<std::regex> pattern);

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  void use(middleware work) override;
  void on_connection(std::function<void(const socket_ptr&)> work) override;
  void on(std::string name, std::function<void(event)> work) override;
  void deliver_server_side(event) override {}
  [[nodiscard]] std::shared_ptr<socketio::adapter> adapter() const override;
  [[nodiscard]] std::size_t size() const noexcept override;

  [[nodiscard]] const server::namespace_matcher& matcher() const noexcept { return matches_; }
  /// Whether a pattern, rather than a function, says yes: such names also match of(name).
  [[nodiscard]] bool matches_pattern(const std::string& name) const;
  [[nodiscard]] name_space_setup setup() const;
  void add_child(const std::shared_ptr<name_space_impl>& child);
  void remove_child(const std::shared_ptr<name_space_impl>& child);

 private:
  const std::string name_;
  const server::namespace_matcher matches_;
  const std::optional<std::regex> pattern_;
  mutable std::mutex mutex_;
  name_space_setup setup_;
  const std::shared_ptr<parent_adapter> adapter_;
};

}  // namespace fanfare::socketio

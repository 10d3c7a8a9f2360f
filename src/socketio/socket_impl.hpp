// One client in one namespace: events, acknowledgements, rooms, its end. Inbound: client (packets),
// worker_adapter (broadcasts). Outbound: client, and the program's listeners. Thread: owning worker.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <fanfare/socketio/server.hpp>
#include <fanfare/socketio/socket.hpp>

#include "socketio/acks.hpp"
#include "socketio/client.hpp"
#include "socketio/name_space_impl.hpp"
#include "socketio/rooms/worker_rooms.hpp"

namespace fanfare::socketio {

class socket_impl final : public socket {
 public:
  socket_impl(std::shared_ptr<name_space_impl> nsp, std::shared_ptr<client> carrier, socketio::handshake said,
              std::string id, std::string pid);
  ~socket_impl() override;

  [[nodiscard]] const std::string& id() const noexcept override { return id_; }
  [[nodiscard]] name_space& nsp() noexcept override { return *nsp_; }
  [[nodiscard]] const socketio::handshake& handshake() const noexcept override { return handshake_; }
  [[nodiscard]] executor& worker() noexcept override { return client_->worker(); }
  [[nodiscard]] bool connected() const noexcept override { return connected_; }
  [[nodiscard]] bool recovered() const noexcept override { return lost_.has_value() || back_; }
  void identify(std::string pid, std::string sid) override;
  [[nodiscard]] std::string_view transport() const noexcept override { return client_->engine().transport(); }
  [[nodiscard]] value& data() noexcept override { return data_; }

  void on(std::string name, listener work) override;
  void off(std::string_view name) override;
  void on_any(std::function<void(const event&)> work) override { any_.push_back(std::move(work)); }
  void on_any_outgoing(std::function<void(std::string_view, const array&)> work) override;
  void on_disconnecting(std::function<void(std::string_view)> work) override {
    disconnecting_.push_back(std::move(work));
  }
  void on_disconnect(std::function<void(std::string_view)> work) override { disconnected_.push_back(std::move(work)); }
  void on_error(std::function<void(const rejection&)> work) override { errors_.push_back(std::move(work)); }
  void use(event_middleware work) override { middleware_.push_back(std::move(work)); }

  void emit_list(std::string_view name, array args, const emit_options& options) override;
  void emit_with_ack(std::string_view name, array args, milliseconds limit,
                     std::function<void(result<array>)> done) override;

  result<void> join(const std::string& room, std::uint64_t after) override;
  void leave(const std::string& room) override;
  [[nodiscard]] std::vector<std::string> rooms() const override;
  [[nodiscard]] broadcast_operator to(std::string room) override { return broadcast().to(std::move(room)); }
  [[nodiscard]] broadcast_operator broadcast() override { return broadcast_operator(nsp_->adapter()).except(id_); }

  void disconnect(bool close) override;
  void close_transport() override { client_->engine().close_transport(); }
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return client_->engine().queued_bytes(); }

  void when_drained(std::function<void()> work) override { client_->engine().when_drained(std::move(work)); }
  void hold(std::size_t bytes_max, std::function<void()> overflow) override;
  void release() override;

  // For client, name_space_impl and worker_adapter.
  /// Brings back what was lost; before the middlewares run.
  void recover(recovery_store::session lost);
  /// Joins the room of its own id and answers the CONNECT.
  void enter();
  void on_packet(packet in);
  void on_close(std::string_view reason);
  void report(const rejection& why);
  [[nodiscard]] const std::string& name_of_nsp() const noexcept { return nsp_->name(); }
  /// One packet already encoded, as a broadcast has it; `original` is there when anybody listens to what is sent. What
  /// is for this socket alone passes the gate.
  void deliver(const std::vector<engineio::outbound>& frames, const engineio::send_options& how,
               const std::shared_ptr<const packet>& original, std::uint64_t position, bool alone);
  /// Waits for the answer to a packet that a broadcast brings; false past the bound.
  bool expect_ack(std::uint64_t id, milliseconds limit, acks::callback done);
  void forget_ack(std::uint64_t id) { acks_.forget(id); }
  [[nodiscard]] remote_socket describe() const { return {id_, handshake_, rooms(), data_}; }
  /// The CONNECT came to nothing: middleware refused it, or the client went. A recovered session is kept for later.
  void abandon();

 private:
  [[nodiscard]] std::shared_ptr<socket_impl> self() {
    return std::static_pointer_cast<socket_impl>(shared_from_this());
  }
  void on_event(packet in);
  void run_middleware(std::size_t index, std::shared_ptr<event> in);
  void dispatch(event in);
  [[nodiscard]] ack make_ack(std::uint64_t id);
  void replay_missed();
  void notify_outgoing(const packet& out);
  void send(packet out, const engineio::send_options& how = {});
  void persist_session();
  void drop_listeners();
  [[nodiscard]] bool is_in(std::string_view room) const;

  /// Broadcasts that wait for release().
  struct gate {
    struct held {
      std::vector<engineio::outbound> frames;
      engineio::send_options how;
      std::shared_ptr<const packet> original;
    };
    std::vector<held> waiting;
    std::size_t bytes = 0, bytes_max = 0;
    std::function<void()> overflow;
  };

  const std::shared_ptr<name_space_impl> nsp_;
  const std::shared_ptr<client> client_;
  const context_ptr shared_;
  const socketio::handshake handshake_;
  std::string id_, pid_;
  value data_ = object{};
  bool connected_ = false, ended_ = false;
  bool back_ = false;                            // the program recovered it
  std::optional<recovery_store::session> lost_;  // when recovered
  std::uint64_t replayed_ = 0;                   // recovery position up to which packets were replayed
  worker_rooms::member* member_ = nullptr;       // while connected
  std::vector<std::pair<std::string, std::uint64_t>> early_rooms_;  // joined by middleware, with `after`
  std::unique_ptr<gate> gate_;                                      // while held
  acks acks_;

  std::unordered_map<std::string, std::vector<std::shared_ptr<const listener>>, text_hash, std::equal_to<>> listeners_;
  std::vector<std::function<void(const event&)>> any_;
  std::vector<std::function<void(std::string_view, const array&)>> outgoing_;
  std::vector<std::function<void(std::string_view)>> disconnecting_, disconnected_;
  std::vector<std::function<void(const rejection&)>> errors_;
  std::vector<event_middleware> middleware_;
};

}  // namespace fanfare::socketio

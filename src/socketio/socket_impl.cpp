#include "socketio/socket_impl.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "socketio/codec/packet_rules.hpp"

namespace fanfare::socketio {

namespace {

constexpr std::size_t held_overhead_bytes = 128;  // of one broadcast that waits: its place in the line

}  // namespace

socket_impl::socket_impl(std::shared_ptr<name_space_impl> nsp, std::shared_ptr<client> carrier,
                         socketio::handshake said, std::string id, std::string pid)
    : nsp_(std::move(nsp)),
      client_(std::move(carrier)),
      shared_(client_->shared()),
      handshake_(std::move(said)),
      id_(std::move(id)),
      pid_(std::move(pid)),
      acks_(client_->worker(), shared_->options.pending_acks_max) {}

socket_impl::~socket_impl() {
  if (!outgoing_.empty()) nsp_->node().listens_outgoing(-1);
}

// --- joining and leaving the namespace ---

void socket_impl::recover(recovery_store::session lost) {
  id_ = lost.sid;
  pid_ = lost.pid;
  data_ = lost.data;
  lost_ = std::move(lost);
}

void socket_impl::identify(std::string pid, std::string sid) {
  if (connected_ || lost_) return;
  pid_ = std::move(pid);
  back_ = !sid.empty();
  if (back_) id_ = std::move(sid);
}

void socket_impl::enter() {
  auto& node = nsp_->node();
  const auto at = worker().index();
  member_ = &node.rooms_of(at).add(self());
  node.count_socket(at, 1);
  connected_ = true;
  for (const auto& [room, after] : std::exchange(early_rooms_, {})) node.rooms_of(at).join(*member_, room, after);
  if (lost_) replay_missed();
  node.rooms_of(at).join(*member_, id_, 0);
  object reply{{"sid", id_}};
  if (!pid_.empty()) reply.append("pid", pid_);
  packet out{packet_type::connect, nsp_->name(), std::nullopt, std::move(reply)};
  client_->send(out);
}

/// Node sends what was missed ahead of the CONNECT reply: its client keeps the events until then. Rooms come first,
/// so that a packet broadcast meanwhile is either among the missed or delivered after; `replayed_` tells which.
void socket_impl::replay_missed() {
  auto& rooms = nsp_->node().rooms_of(worker().index());
  for (const auto& room : lost_->rooms) rooms.join(*member_, room, 0);
  const auto missed = nsp_->node().recovery()->missed_by(*lost_);
  if (!missed) {
    // Middleware took so long that packets have been dropped: a new session, so that the client knows.
    for (const auto& room : lost_->rooms) rooms.leave(*member_, room);
    lost_.reset();
    pid_ = shared_->around.make_id();
    return;
  }
  replayed_ = missed->last;
  for (const auto& frames : missed->packets) client_->write(frames, {});
  shared_->count.sent(packet_type::event, missed->packets.size());
}

void socket_impl::abandon() {
  ended_ = true;
  if (lost_) (void)nsp_->node().recovery()->persist(*lost_);
  drop_listeners();
  disconnecting_.clear();
  disconnected_.clear();
}

void socket_impl::persist_session() {
  auto* store = nsp_->node().recovery();
  if (store == nullptr) return;
  if (store->persist({id_, pid_, rooms(), data_, shared_->around.unix_ms()}))
    shared_->count.refused("recovery_sessions");
}

void socket_impl::on_close(std::string_view reason) {
  if (!connected_ || std::exchange(ended_, true)) return;
  const auto keep = self();
  for (const auto& work : std::vector(disconnecting_)) shared_->guard([&] { work(reason); });
  static constexpr std::array<std::string_view, 6> recoverable = {"transport error",      "transport close",
                                                                  "forced close",         "ping timeout",
                                                                  "server shutting down", "forced server close"};
  if (std::find(recoverable.begin(), recoverable.end(), reason) != recoverable.end()) persist_session();
  connected_ = false;
  gate_ = nullptr;
  auto& node = nsp_->node();
  node.rooms_of(worker().index()).remove(*std::exchange(member_, nullptr));
  node.count_socket(worker().index(), -1);
  client_->detach(nsp_->name());
  acks_.close();
  for (const auto& work : std::vector(disconnected_)) shared_->guard([&] { work(reason); });
  drop_listeners();
  disconnecting_.clear();
  disconnected_.clear();
}

/// Listeners often hold the socket itself: without this both would live for ever. Whoever runs one runs a copy.
void socket_impl::drop_listeners() {
  if (!outgoing_.empty()) nsp_->node().listens_outgoing(-1);
  listeners_.clear();
  any_.clear();
  outgoing_.clear();
  errors_.clear();
  middleware_.clear();
}

void socket_impl::disconnect(bool close) {
  if (!connected_ || ended_) return;
  const auto keep = self();
  if (close) return client_->disconnect();
  send({packet_type::disconnect, {}, std::nullopt, {}});
  on_close("server namespace disconnect");
}

void socket_impl::report(const rejection& why) {
  for (const auto& work : std::vector(errors_)) shared_->guard([&] { work(why); });
}

// --- events in ---

void socket_impl::on(std::string name, listener work) {
  listeners_[std::move(name)].push_back(std::make_shared<const listener>(std::move(work)));
}

void socket_impl::off(std::string_view name) {
  const auto found = listeners_.find(name);
  if (found != listeners_.end()) listeners_.erase(found);
}

void socket_impl::on_packet(packet in) {
  const auto keep = self();
  switch (in.type) {
    case packet_type::event:
    case packet_type::binary_event:
      return on_event(std::move(in));
    case packet_type::ack:
    case packet_type::binary_ack: {
      auto* args = in.data.if_array();
      if (in.id) acks_.answer(*in.id, args != nullptr ? std::move(*args) : array{});
      return;
    }
    case packet_type::disconnect:
      return on_close("client namespace disconnect");
    case packet_type::connect:
    case packet_type::connect_error:
      return;  // client has closed the connection for it
  }
}

void socket_impl::on_event(packet in) {
  auto* args = in.data.if_array();
  if (args == nullptr || args->empty()) return;
  auto received = std::make_shared<event>();
  received->name = event_name(args->front());
  args->erase(args->begin());
  received->args = std::move(*args);
  if (in.id) received->ack = make_ack(*in.id);
  for (const auto& work : std::vector(any_)) shared_->guard([&] { work(*received); });
  run_middleware(0, std::move(received));
}

void socket_impl::run_middleware(std::size_t index, std::shared_ptr<event> in) {
  if (index >= middleware_.size()) return dispatch(std::move(*in));
  auto called = std::make_shared<std::atomic_flag>();
  auto go_on = [keep = self(), index, in, called](std::optional<rejection> why) {
    if (called->test_and_set()) return;
    auto step = [keep, index, in, why = std::move(why)] {
      if (why) return keep->report(*why);
      keep->run_middleware(index + 1, in);
    };
    keep->worker().dispatch(std::move(step));
  };
  const auto work = middleware_[index];
  shared_->guard([&] { work(*in, std::move(go_on)); });
}

void socket_impl::dispatch(event in) {
  if (!connected_) return;
  const auto found = listeners_.find(in.name);
  if (found == listeners_.end()) return;
  const auto chosen = found->second;
  for (std::size_t i = 0; i + 1 < chosen.size(); ++i) shared_->guard([&] { (*chosen[i])(in); });
  shared_->guard([&] { (*chosen.back())(std::move(in)); });
}

ack socket_impl::make_ack(std::uint64_t id) {
  auto called = std::make_shared<std::atomic_flag>();
  return [weak = std::weak_ptr<socket_impl>(self()), id, called](array args) {
    if (called->test_and_set()) return;
    auto asked = weak.lock();
    if (!asked) return;
    auto& worker = asked->worker();
    if (worker.here()) return asked->send({packet_type::ack, {}, id, std::move(args)});
    worker.post([asked = std::move(asked), id, args = std::move(args)]() mutable {
      asked->send({packet_type::ack, {}, id, std::move(args)});
    });
  };
}

// --- events out ---

void socket_impl::on_any_outgoing(std::function<void(std::string_view, const array&)> work) {
  if (outgoing_.empty()) nsp_->node().listens_outgoing(1);
  outgoing_.push_back(std::move(work));
}

void socket_impl::notify_outgoing(const packet& out) {
  const auto* items = out.data.if_array();
  if (outgoing_.empty() || items == nullptr || items->empty()) return;
  const auto name = event_name(items->front());
  const array args(items->begin() + 1, items->end());
  for (const auto& work : std::vector(outgoing_)) shared_->guard([&] { work(name, args); });
}

void socket_impl::send(packet out, const engineio::send_options& how) {
  if (!connected_) return;
  out.nsp = nsp_->name();
  client_->send(out, how);
}

namespace {

packet make_event(std::string_view name, array args) {
  array data;
  data.reserve(args.size() + 1);
  data.emplace_back(name);
  std::move(args.begin(), args.end(), std::back_inserter(data));
  return {packet_type::event, {}, std::nullopt, std::move(data)};
}

}  // namespace

void socket_impl::emit_list(std::string_view name, array args, const emit_options& options) {
  if (is_reserved_event(name)) return shared_->count.refused("reserved_event");
  if (!connected_) return;
  auto out = make_event(name, std::move(args));
  if (nsp_->node().recovery() != nullptr) {
    // As in Node: by way of the room of its own, so that the event is kept and gets its offset.
    broadcast_options only_me;
    only_me.rooms = {id_};
    only_me.is_volatile = options.is_volatile;
    only_me.compress = options.compress;
    only_me.conflate_key = options.conflate_key;
    return nsp_->node().broadcast(out, only_me);
  }
  notify_outgoing(out);
  send(std::move(out), {options.is_volatile, options.compress, options.conflate_key});
}

void socket_impl::emit_with_ack(std::string_view name, array args, milliseconds limit,
                                std::function<void(result<array>)> done) {
  const auto id = nsp_->node().next_ack_id();
  const auto fail = [&](errc why) {
    worker().post([shared = shared_, done = std::move(done), why] { shared->guard([&] { done(why); }); });
  };
  if (is_reserved_event(name)) {
    shared_->count.refused("reserved_event");
    return fail(errc::bad_request);
  }
  if (!connected_) return fail(errc::closed);
  if (!expect_ack(id, limit, done)) return fail(errc::over_limit);
  auto out = make_event(name, std::move(args));
  out.id = id;
  notify_outgoing(out);
  send(std::move(out));
}

bool socket_impl::expect_ack(std::uint64_t id, milliseconds limit, acks::callback done) {
  auto guarded = [shared = shared_, done = std::move(done)](result<array> answer) {
    shared->guard([&] { done(std::move(answer)); });
  };
  if (acks_.expect(id, limit, std::move(guarded))) return true;
  shared_->count.refused("pending_acks");
  return false;
}

void socket_impl::deliver(const std::vector<engineio::outbound>& frames, const engineio::send_options& how,
                          const std::shared_ptr<const packet>& original, std::uint64_t position, bool alone) {
  if (!connected_ || (position != 0 && position <= replayed_)) return;
  if (gate_ && !alone) {
    for (const auto& frame : frames) gate_->bytes += frame->frame().size() + held_overhead_bytes;
    gate_->waiting.push_back({frames, how, original});
    if (gate_->bytes <= gate_->bytes_max) return;
    if (const auto overflow = std::exchange(gate_->overflow, nullptr)) shared_->guard(overflow);
    return;
  }
  if (original != nullptr) notify_outgoing(*original);
  client_->write(frames, how);
}

void socket_impl::hold(std::size_t bytes_max, std::function<void()> overflow) {
  if (!connected_ || gate_) return;
  gate_ = std::make_unique<gate>();
  gate_->bytes_max = bytes_max;
  gate_->overflow = std::move(overflow);
}

void socket_impl::release() {
  if (!gate_) return;
  const auto keep = self();
  for (const auto opened = std::move(gate_); const auto& each : opened->waiting) {
    if (!connected_) return;
    if (each.original != nullptr) notify_outgoing(*each.original);
    client_->write(each.frames, each.how);
  }
}

// --- rooms ---

bool socket_impl::is_in(std::string_view room) const {
  if (member_ == nullptr) {
    return std::any_of(early_rooms_.begin(), early_rooms_.end(),
                       [room](const auto& entry) { return entry.first == room; });
  }
  return std::any_of(member_->rooms.begin(), member_->rooms.end(),
                     [room](const auto& entry) { return entry.first->name == room; });
}

result<void> socket_impl::join(const std::string& room, std::uint64_t after) {
  if (ended_) return errc::closed;
  // The bound is on rooms besides the one of its own.
  const auto now_in = member_ == nullptr ? early_rooms_.size() + 1 : member_->rooms.size();
  if (now_in > shared_->options.rooms_per_socket_max && !is_in(room)) {
    shared_->count.refused("rooms");
    return error{errc::over_limit, "too many rooms", {}};
  }
  if (member_ != nullptr) {
    auto& node = nsp_->node();
    if (after != 0) {
      node.deliver_queued(worker().index(), after);
      if (ended_) return errc::closed;  // by what was queued: its send queue has a bound
    }
    node.rooms_of(worker().index()).join(*member_, room, after);
  } else if (!is_in(room)) {
    early_rooms_.emplace_back(room, after);
  }
  return {};
}

void socket_impl::leave(const std::string& room) {
  if (member_ != nullptr) return nsp_->node().rooms_of(worker().index()).leave(*member_, room);
  std::erase_if(early_rooms_, [&room](const auto& entry) { return entry.first == room; });
}

std::vector<std::string> socket_impl::rooms() const {
  std::vector<std::string> names;
  names.reserve(early_rooms_.size());
  for (const auto& [room, after] : early_rooms_) names.push_back(room);
  if (member_ == nullptr) return names;
  names.reserve(member_->rooms.size());
  for (const auto& [in, index] : member_->rooms) names.push_back(in->name);
  return names;
}

}  // namespace fanfare::socketio

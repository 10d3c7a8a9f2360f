// A chat room: what one says, the others hear. Try it with any Socket.IO 4 client.
#include <iostream>

#include <fanfare/fanfare.hpp>

namespace sio = fanfare::socketio;

int main(int argc, char** argv) {
  fanfare::http::server web({.listen = {argc > 1 ? argv[1] : "127.0.0.1:3000"}, .cors = {.origins = {"*"}}});
  sio::server io(web);

  io.on_connection([](const sio::socket_ptr& socket) {
    socket->on("add user", [self = socket.get()](const sio::event& said) {
      if (said.args.empty()) return;
      self->data() = fanfare::object{{"username", said.args[0]}};
      self->broadcast().emit("user joined", self->data());
    });
    socket->on("new message", [self = socket.get()](const sio::event& said) {
      const auto* user = self->data().find("username");
      if (user == nullptr || said.args.empty()) return;
      self->broadcast().emit("new message", fanfare::object{{"username", *user}, {"message", said.args[0]}});
      if (said.ack) said.ack({"delivered"});
    });
    socket->on_disconnect(
        [self = socket.get()](std::string_view) { self->broadcast().emit("user left", self->data()); });
  });

  web.start();
  std::cout << "listening on " << web.addresses().front() << std::endl;
  web.run();
}

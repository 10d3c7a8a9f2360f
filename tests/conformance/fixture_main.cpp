// fanfare_fixture NAME --listen HOST:PORT [--workers N] [--parser json|msgpack] [--deflate on|off]
// [--max-payload BYTES]: prints the addresses it listens on, runs until SIGTERM.

#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include "fixture.hpp"

namespace {

using make_fixture = std::shared_ptr<void> (*)(fanfare::http::server&, const fanfare::fixture::options&);

const std::map<std::string_view, make_fixture> fixtures = {
    {"websocket-echo", fanfare::fixture::websocket_echo}, {"engineio-echo", fanfare::fixture::engineio_echo},
    {"engine-lab", fanfare::fixture::engine_lab},         {"socketio-echo", fanfare::fixture::socketio_echo},
    {"client-lab", fanfare::fixture::client_lab},
};

int usage() {
  std::cerr << "usage: fanfare_fixture NAME --listen HOST:PORT [--workers N] [--parser json|msgpack] [--deflate "
               "on|off] [--max-payload BYTES]\nnames:";
  for (const auto& [name, make] : fixtures) std::cerr << ' ' << name;
  std::cerr << '\n';
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0) return usage();
  const auto found = fixtures.find(argv[1]);
  if (found == fixtures.end()) return usage();

  fanfare::http::server_options options;
  options.cors.origins = {"*"};
  options.workers = 1;
  fanfare::fixture::options with;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--listen") {
      options.listen = {argv[i + 1]};
    } else if (flag == "--workers") {
      options.workers = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
    } else if (flag == "--parser") {
      with.msgpack = std::string_view(argv[i + 1]) == "msgpack";
    } else if (flag == "--max-payload") {
      with.max_payload_bytes = std::strtoul(argv[i + 1], nullptr, 10);
    } else if (flag == "--deflate") {
      with.deflate = std::string_view(argv[i + 1]) == "on";
    } else {
      return usage();
    }
  }

  try {
    fanfare::http::server web(options);
    const auto running = found->second(web, with);
    web.start();
    for (const auto& address : web.addresses()) std::cout << "fixture listening on http://" << address << std::endl;
    web.run();
  } catch (const std::exception& failure) {
    std::cerr << "fanfare_fixture: " << failure.what() << '\n';
    return 1;
  }
  return 0;
}

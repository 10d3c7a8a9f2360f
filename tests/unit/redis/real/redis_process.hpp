#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "net/unique_fd.hpp"
#include "support/temporary_folder.hpp"

namespace fanfare::redis::test {

using fanfare::test::temporary_folder;

/// Ports that are free now, all held at once so that they differ. Redis takes no socket from us, and port 0 switches
/// its listener off, so they are drawn below those that the kernel gives to outgoing connections: a moment later one is
/// most likely still free, and a start that fails says so.
inline std::vector<std::uint16_t> free_ports(std::size_t count) {
  constexpr unsigned lowest = 10240, highest = 32767;
  std::random_device draw;
  std::vector<net::unique_fd> held;
  std::vector<std::uint16_t> ports;
  while (ports.size() < count) {
    net::unique_fd made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto port = std::uniform_int_distribution<unsigned>(lowest, highest)(draw);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(made.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) continue;
    ports.push_back(static_cast<std::uint16_t>(port));
    held.push_back(std::move(made));
  }
  return ports;
}

/// A redis-server or redis-sentinel that says on its output when it is ready; killed when it goes out of scope.
class redis_process {
 public:
  /// `configuration` is the file's text; what must not be missing is added.
  redis_process(std::string program, const temporary_folder& folder, const std::string& name,
                const std::string& configuration, std::string ready_line)
      : program_(std::move(program)), file_(folder.file(name + ".conf")), ready_line_(std::move(ready_line)) {
    std::ofstream(file_) << "daemonize no\nlogfile \"\"\ndir " << folder.path() << "\n" << configuration;
    start();
  }
  ~redis_process() { kill(); }
  redis_process(const redis_process&) = delete;
  redis_process& operator=(const redis_process&) = delete;

  void start() {
    said_.clear();
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    output_ = net::unique_fd(pipe[0]);
    net::unique_fd theirs(pipe[1]);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(theirs.get(), 1);
      ::dup2(theirs.get(), 2);
      sigset_t none;
      sigemptyset(&none);
      ::sigprocmask(SIG_SETMASK, &none, nullptr);
      ::execlp(program_.c_str(), program_.c_str(), file_.c_str(), nullptr);
      ::_exit(127);
    }
    theirs.close();
    wait_for(ready_line_);
  }
  /// As a machine that goes down.
  [[nodiscard]] pid_t id() const noexcept { return process_; }
  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(std::exchange(process_, -1), nullptr, 0);
  }
  /// Stands still without closing anything, as a machine behind a cut cable does.
  void freeze() const { ::kill(process_, SIGSTOP); }
  void thaw() const { ::kill(process_, SIGCONT); }
  /// Reads what it says until it has said `text`.
  void wait_for(const std::string& text) { wait_for_all({text}); }
  /// Until it has said each of them, in any order; a word that comes twice must be said twice.
  void wait_for_all(const std::vector<std::string>& texts) {
    const auto all_said = [&] {
      return std::all_of(texts.begin(), texts.end(), [&](const auto& text) {
        std::ptrdiff_t seen = 0;
        for (auto at = said_.find(text); at != std::string::npos; at = said_.find(text, at + 1)) ++seen;
        return seen >= std::count(texts.begin(), texts.end(), text);
      });
    };
    while (!all_said()) {
      std::array<char, 4096> part;
      const auto got = ::read(output_.get(), part.data(), part.size());
      if (got <= 0) throw std::runtime_error(program_ + " did not say \"" + texts.front() + "\":\n" + said_);
      said_.append(part.data(), static_cast<std::size_t>(got));
    }
    // From here on nobody reads: its log must not fill the pipe and stop it.
    ::fcntl(output_.get(), F_SETPIPE_SZ, 1 << 20);
  }

 private:
  std::string program_, file_, ready_line_;
  pid_t process_ = -1;  // -1: it does not run
  net::unique_fd output_;
  std::string said_;
};

inline redis_process server(const temporary_folder& folder, std::uint16_t port, const std::string& more = {}) {
  return redis_process("redis-server", folder, "server-" + std::to_string(port),
                       "port " + std::to_string(port) +
                           "\nbind 127.0.0.1\nsave \"\"\nappendonly no\nloglevel notice\ndbfilename dump-" +
                           std::to_string(port) + ".rdb\n" + more,
                       "Ready to accept connections");
}

}  // namespace fanfare::redis::test

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/net/byte_stream.hpp>

// Outgoing connections. Inbound: whoever needs a peer by name. Outbound: a connected byte_stream, its TLS handshake
// done.

namespace fanfare::net {

/// Where to connect to.
struct endpoint {
  std::string host;        // a name or an address; IPv6 without brackets
  std::uint16_t port = 0;  // of TCP
  friend bool operator==(const endpoint&, const endpoint&) = default;
  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};
/// HOST:PORT, with brackets where IPv6 needs them.
[[nodiscard]] std::string shown(const endpoint& at);

/// Whom an outgoing TLS connection trusts and as whom it comes. The peer's chain and its host name (RFC 6125; an
/// address against the certificate's addresses) are always verified. TLS 1.2 and 1.3.
struct tls_client_options {
  std::string ca_file;  // PEM; empty: OpenSSL's default places, or SSL_CERT_FILE and SSL_CERT_DIR
  /// As whom it comes.
  std::string cert_file, key_file;  // PEM, for a peer that asks for a client's certificate
  std::string server_name;          // verified and sent as SNI instead of the endpoint's host
};

/// Makes connections. An interface, so that tests connect to what they script.
class connector {
 public:
  using connected = std::function<void(result<std::unique_ptr<byte_stream>>)>;  // gets the stream, or why there is none
  virtual ~connector() = default;

  /// Resolves, connects (each address in turn) and, with TLS, shakes hands. `done` runs once on `home`'s thread, never
  /// inline. Fails: timeout; unavailable, whose detail says which step failed and why. Dropping what is returned
  /// cancels: `done` does not run then. Thread: `home`'s.
  [[nodiscard]] virtual std::shared_ptr<void> connect(executor& home, const endpoint& peer, milliseconds timeout,
                                                      connected done) = 0;
};

/// The real one; `home` must be a net::worker. With `tls`: throws std::runtime_error, saying which file failed and why.
/// Thread: any; it must outlive its connects.
[[nodiscard]] std::unique_ptr<connector> make_connector(const std::optional<tls_client_options>& tls = std::nullopt);

}  // namespace fanfare::net

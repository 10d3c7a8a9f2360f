#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/http/server.hpp>

// Method and path -> handler. Pure. Inbound: connection.

namespace fanfare::http {

/// Thread: filled before the server starts, read by every worker afterwards.
class router {
 public:
  struct match {
    const handler* work = nullptr;  // nullptr: no route
    route_options options;
    std::vector<std::pair<std::string, std::string>> params;  // decoded; what a final "*" took is named "*"
    std::string allow;  // when the path is known and the method is not: the methods, comma-separated
  };

  router();
  ~router();
  /// Throws std::invalid_argument for a pattern that is no absolute path, or that is taken already.
  void add(std::string_view method, std::string_view pattern, handler work, route_options options);
  /// `path` is as sent, still percent-encoded, so that an encoded slash stays inside its segment.
  [[nodiscard]] match find(std::string_view method, std::string_view path) const;

 private:
  struct route;
  struct node;
  struct search;
  std::unique_ptr<node> root_;
};

}  // namespace fanfare::http

#include "http/router.hpp"

#include <algorithm>
#include <stdexcept>

#include "http/token.hpp"

namespace fanfare::http {

struct router::route {
  std::string method;
  std::vector<std::string> names;  // of the parameters, in order
  handler work;
  route_options options;
};

struct router::node {
  std::map<std::string, std::unique_ptr<node>, std::less<>> exact;
  std::unique_ptr<node> named, rest;
  std::vector<route> routes;
};

namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

// Depth first, in order of precedence, so that "/a/{x}" still answers a method which "/a/b" does not know. Each node
// is reached by one way only: a search looks at no node twice.
struct router::search {
  std::string_view method;
  std::vector<std::string> segments;
  std::vector<std::string> taken;
  std::vector<std::string> allowed;
  const route* found = nullptr;

  bool look(const node& at) {
    for (const std::string_view wanted :
         {method, std::string_view(method == "HEAD" ? "GET" : ""), std::string_view("*")}) {
      for (const auto& each : at.routes) {
        if (each.method != wanted) continue;
        found = &each;
        return true;
      }
    }
    for (const auto& each : at.routes) {
      allowed.push_back(each.method);
      if (each.method == "GET") allowed.push_back("HEAD");
    }
    return false;
  }

  bool descend(const node& at, std::size_t depth) {
    if (depth == segments.size()) return look(at);
    if (const auto next = at.exact.find(segments[depth]); next != at.exact.end() && descend(*next->second, depth + 1)) {
      return true;
    }
    if (at.named && !segments[depth].empty()) {
      taken.push_back(segments[depth]);
      if (descend(*at.named, depth + 1)) return true;
      taken.pop_back();
    }
    if (!at.rest) return false;
    std::string rest = segments[depth];
    for (auto i = depth + 1; i < segments.size(); ++i) rest.append("/").append(segments[i]);
    taken.push_back(std::move(rest));
    if (look(*at.rest)) return true;
    taken.pop_back();
    return false;
  }
};

router::router() : root_(std::make_unique<node>()) {}
router::~router() = default;

void router::add(std::string_view method, std::string_view pattern, handler work, route_options options) {
  if (pattern.empty() || pattern.front() != '/') {
    throw std::invalid_argument("a route starts with '/': " + std::string(pattern));
  }
  route made{std::string(method), {}, std::move(work), std::move(options)};
  node* at = root_.get();
  const auto segments = split(pattern);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto segment = segments[i];
    std::unique_ptr<node>* next = nullptr;
    if (segment == "*" && i + 1 == segments.size()) {
      made.names.emplace_back("*");
      next = &at->rest;
    } else if (segment.size() > 2 && segment.front() == '{' && segment.back() == '}') {
      made.names.emplace_back(segment.substr(1, segment.size() - 2));
      next = &at->named;
    } else {
      next = &at->exact[std::string(segment)];
    }
    if (!*next) *next = std::make_unique<node>();
    at = next->get();
  }
  const auto same = [&](const route& each) { return each.method == made.method; };
  if (std::any_of(at->routes.begin(), at->routes.end(), same)) {
    throw std::invalid_argument("route given twice: " + made.method + " " + std::string(pattern));
  }
  at->routes.push_back(std::move(made));
}

router::match router::find(std::string_view method, std::string_view path) const {
  match result;
  if (path.empty() || path.front() != '/') return result;
  search looking{method, {}, {}, {}, nullptr};
  for (const auto segment : split(path)) looking.segments.push_back(percent_decode(segment));
  if (looking.descend(*root_, 0)) {
    result.work = &looking.found->work;
    result.options = looking.found->options;
    for (std::size_t i = 0; i < looking.taken.size(); ++i) {
      result.params.emplace_back(looking.found->names[i], std::move(looking.taken[i]));
    }
    return result;
  }
  auto& allowed = looking.allowed;
  if (!allowed.empty()) allowed.emplace_back("OPTIONS");  // which the connection answers itself
  std::sort(allowed.begin(), allowed.end());
  allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
  for (const auto& each : allowed) result.allow.append(result.allow.empty() ? "" : ", ").append(each);
  return result;
}

}  // namespace fanfare::http

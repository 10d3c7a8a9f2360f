#include "server/command_line.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <ostream>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fanfare/base/edit_distance.hpp>

#include "domain/access/access_policy.hpp"
#include "domain/duration.hpp"
#include "server/history_commands.hpp"
#include "server/service/service.hpp"

namespace fanfare::server {

namespace {

constexpr int usage_error = 2;

std::string variable(const char* const* environment, std::string_view name) {
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('=')) {
      return std::string(entry.substr(name.size() + 1));
    }
  }
  return {};
}

/// A token that names what no room can be called, or a room where an id is wanted, would be valid and good for nothing.
void check_ids(const std::string& option, const std::vector<std::string>& ids) {
  for (const auto& id : ids) {
    if (!domain::is_room_id(id)) {
      throw CLI::ValidationError(option, "\"" + id + "\" is no id: 1 to 128 bytes without spaces");
    }
    for (const std::string_view kind : {"project:", "agent:", "user:"}) {
      if (id.starts_with(kind)) {
        throw CLI::ValidationError(option, "takes an id, not a room: " + id.substr(kind.size()));
      }
    }
  }
}

/// What is wrong with the arguments, the command that they were for, and where to read on.
std::string complaint(const CLI::App* app, const CLI::Error& fault) {
  std::string command = app->get_name();
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    command += " " + app->get_name();
  }
  return command + ": " + fault.what() + "\n(" + command + " --help lists what there is)\n";
}

/// What the parser fills in, and which command was chosen.
struct program {
  CLI::App app{"Fanfare, a real-time event server: back-ends publish typed events, Socket.IO clients receive them."};
  const streams& io;
  std::function<int()> chosen;

  config_sources from;
  serve_request serve;
  token_request token;
  std::string ttl = "1h";
  publish_request publish;
  listen_request listen;
  history_request history;
  std::string history_format = "ndjson";
  std::string events_format = "table";
  std::vector<std::string> schemas;
  std::string check;
  bool file_only = false;
  bool production = false;
  bool show_default = false;
  bool show_reference = false;
  bool show_effective = false;

  program(const char* const* environment, const streams& to) : io(to) {
    from.path = variable(environment, "FANFARE_CONFIG");
    from.environment = environment;
    publish.key = variable(environment, "FANFARE_KEY");
    if (publish.key.empty()) publish.key = variable(environment, "FANFARE_TOKEN");
    listen.token = variable(environment, "FANFARE_TOKEN");
    publish.url = listen.url = variable(environment, "FANFARE_URL");
    if (publish.url.empty()) publish.url = listen.url = "http://127.0.0.1:8000";
    app.name("fanfare");
    app.set_version_flag("--version", "fanfare " + std::string(version));
    app.require_subcommand(1);
    app.failure_message(complaint);
    add_serve();
    add_token();
    add_publish();
    add_listen();
    add_events();
    add_config();
    add_history();
  }

  /// The command nearest to a first argument that is none; "" when it is one, or an option.
  std::string nearest_to_unknown(std::string_view given) {
    constexpr std::size_t compared_bytes_max = 32;
    if (given.empty() || given.starts_with('-')) return {};
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    const auto distance = [given](const CLI::App* each) {
      return edit_distance(given.substr(0, compared_bytes_max), each->get_name());
    };
    const auto* nearest = *std::ranges::min_element(commands, {}, distance);
    return nearest->get_name() == given ? std::string() : nearest->get_name();
  }

  CLI::App* command(const std::string& name, const std::string& summary, std::function<int()> run) {
    auto* sub = app.add_subcommand(name, summary);
    sub->callback([this, run = std::move(run)] { chosen = run; });
    return sub;
  }

  void add_config_option(CLI::App* sub) {
    sub->add_option("-c,--config", from.path, "TOML file (also FANFARE_CONFIG)")->type_name("FILE");
  }

  void add_serve() {
    auto* sub = command("serve", "Run the server", [this] {
      serve.from = from;
      return run_serve(serve, io);
    });
    add_config_option(sub);
    sub->add_option("-l,--listen", serve.listen, "Address to listen on (127.0.0.1:8000); port 0 takes a free one")
        ->type_name("HOST:PORT");
    sub->add_option("-w,--workers", serve.workers, "Worker threads (one per core)")->type_name("N");
    sub->add_flag("--dev-public", serve.dev_public, "Let --dev listen where others than this machine reach it");
    sub->add_flag("--dev", serve.dev, "In memory, a throw-away secret, tokens printed, the dashboard open at /");
  }

  void add_token() {
    auto* sub = command("token", "Mint a token with the configured key", [this] {
      const auto duration = domain::parse_duration(ttl);
      if (!duration) throw CLI::ValidationError("--ttl", duration.error().detail);
      token.ttl = *duration;
      check_ids("--sub", {token.sub});
      check_ids("--project", token.projects);
      check_ids("--agent", token.agents);
      return run_token(from, token, io);
    });
    add_config_option(sub);
    sub->add_option("--sub", token.sub, "User the token speaks for")->required()->type_name("USER");
    sub->add_option("--project", token.projects, "Project it may see; * is all (repeatable)")->type_name("ID");
    sub->add_option("--agent", token.agents, "Agent it may see; * is all (repeatable)")->type_name("ID");
    sub->add_option("--role", token.roles, "Role (repeatable)")->type_name("ROLE");
    sub->add_option("--scope", token.scopes, "Scope: events:publish, admin (repeatable)")->type_name("SCOPE");
    sub->add_option("--ttl", ttl, "How long it is valid: 45s, 30m, 1h, 7d")->type_name("TIME")->capture_default_str();
  }

  void add_publish() {
    auto* sub = command("publish", "Publish one event", [this] { return run_publish(publish, io); });
    sub->add_option("type", publish.type, "Event type, project.updated")->required()->type_name("TYPE");
    sub->add_option("-d,--data", publish.data, "Its data: JSON, @file, or @- for standard input")->type_name("JSON");
    sub->add_option("-r,--room", publish.rooms, "Room, instead of the type's own (repeatable)")->type_name("ROOM");
    sub->add_option("--id", publish.id, "Event id; the same id is the same event")->type_name("ID");
    sub->add_option("-u,--url", publish.url, "Server (also FANFARE_URL)")->type_name("URL")->capture_default_str();
    sub->add_option("-k,--key", publish.key, "Service key or token (also FANFARE_KEY)")->type_name("KEY");
  }

  void add_listen() {
    auto* sub = command("listen", "Print events, one JSON line each", [this] { return run_listen(listen, io); });
    sub->add_option("-r,--room", listen.rooms, "Room to subscribe to (repeatable)")->type_name("ROOM");
    auto* since = sub->add_option("--since", listen.since, "Cursor: first what came after it")->type_name("CURSOR");
    sub->add_option("--last", listen.last, "First the newest N events")->type_name("N")->excludes(since);
    sub->add_option("-u,--url", listen.url, "Server (also FANFARE_URL)")->type_name("URL")->capture_default_str();
    sub->add_option("--retry", listen.retries, "How often to try again after a failure; without it, for ever")
        ->type_name("N");
    sub->add_option("-t,--token", listen.token, "Token (also FANFARE_TOKEN)")->type_name("TOKEN");
  }

  void add_events() {
    auto* sub = command("events", "Print the event catalogue", [this] {
      if (!schemas.empty()) return run_events_check(from, schemas, io);
      return run_events(from, events_format, io);
    });
    sub->add_option("--check", schemas, "Check JSON Schema files of event types of your own")->type_name("FILE");
    add_config_option(sub);
    sub->add_option("--format", events_format, "Output")
        ->check(CLI::IsMember({"table", "json-schema", "asyncapi", "typescript", "python", "cpp", "markdown"}))
        ->capture_default_str();
  }

  void add_history() {
    auto* sub = app.add_subcommand("history", "Look after the file that keeps events, also while a server uses it");
    sub->require_subcommand(1);
    const auto add = [this, sub](const std::string& name, const std::string& summary, auto run) {
      auto* one = sub->add_subcommand(name, summary);
      one->callback([this, run] {
        chosen = [this, run] {
          history.from = from;
          return run(history, io);
        };
      });
      add_config_option(one);
      one->add_option("--path", history.path, "The file, instead of the configuration's history.path")
          ->type_name("FILE");
      return one;
    };
    add("stats", "What is in it", run_history_stats);
    auto* exported = add("export", "Print events, oldest first", run_history_export);
    exported->add_option("--room", history.room, "Of this room alone")->type_name("ROOM");
    exported->add_option("--since", history.since, "After this cursor")->type_name("CURSOR");
    exported->add_option("--format", history_format, "One JSON object a line")->check(CLI::IsMember({"ndjson"}));
    auto* deleted = add("delete", "Delete events for good, also from the file's free pages", run_history_delete);
    auto* what = deleted->add_option_group("what");
    what->add_option("--room", history.room, "All events of this room")->type_name("ROOM");
    what->add_option("--user", history.user, "All events of user:USER, and all that name the user")->type_name("USER");
    what->require_option(1);
    auto* backup = add("backup", "Write a copy", run_history_backup);
    backup->add_option("to", history.to, "Where to")->required()->type_name("FILE");
    add("verify", "Look for damage", run_history_verify);
  }

  void add_config() {
    auto* sub = command("config", "Print or check the configuration", [this] {
      if (!check.empty()) return run_config_check({check, file_only ? nullptr : from.environment}, production, io);
      if (show_effective) return run_config_show(from, io);
      io.out << (show_reference ? reference_markdown() : default_toml());
      return 0;
    });
    add_config_option(sub);
    auto* one = sub->add_option_group("what");
    one->add_flag("--default", show_default, "The commented default file");
    auto* checked = one->add_option("--check", check, "Check a file, with the environment as at a start");
    checked->type_name("FILE");
    one->add_flag("--show", show_effective, "The effective values and where each came from, secrets masked");
    one->add_flag("--reference", show_reference, "The reference page, Markdown");
    one->require_option(1);
    sub->add_flag("--file-only", file_only, "Check the file without the environment")->needs(checked);
    sub->add_flag("--production", production,
                  "Tell too what of the production checklist is open; warnings end it with 1")
        ->needs(checked);
  }
};

}  // namespace

int run_program(int count, const char* const* arguments, const char* const* environment, const streams& io) {
  program parsed(environment, io);
  if (count > 0 && *arguments[0] != '\0') parsed.serve.program = arguments[0];
  const std::string_view first = count > 1 ? arguments[1] : "";
  if (first == "help") {
    io.out << parsed.app.help();
    return 0;
  }
  if (const auto nearest = parsed.nearest_to_unknown(first); !nearest.empty()) {
    io.err << "fanfare: there is no command \"" << first << "\"; did you mean \"" << nearest
           << "\"? (fanfare help lists them)\n";
    return usage_error;
  }
  try {
    parsed.app.parse(count, arguments);
    return parsed.chosen();
  } catch (const CLI::ParseError& fault) {
    // Help and version are no faults; what is wrong with the arguments is the caller's to mend.
    return parsed.app.exit(fault, io.out, io.err) == 0 ? 0 : usage_error;
  } catch (const config_error& fault) {
    for (const auto& line : fault.problems()) io.err << "fanfare: " << line << "\n";
    return usage_error;
  } catch (const std::exception& fault) {
    io.err << "fanfare: " << in_words(fault) << "\n";
    return 1;
  }
}

}  // namespace fanfare::server

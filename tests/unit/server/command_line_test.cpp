#include "server/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "server/service/service.hpp"

namespace fanfare::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct outcome {
  int code;
  std::string out, err;
};

outcome run(std::vector<const char*> arguments, std::vector<const char*> environment = {}) {
  arguments.insert(arguments.begin(), "fanfare");
  environment.push_back(nullptr);
  std::ostringstream out, err;
  const int code = run_program(static_cast<int>(arguments.size()), arguments.data(), environment.data(), {out, err});
  return {code, out.str(), err.str()};
}

const std::string secret_entry = "FANFARE_AUTH__SECRET=" + std::string(32, 's');

TEST(CommandLine, HelpAndVersionAreNoFaults) {
  EXPECT_EQ(run({"--version"}).out, "fanfare " + std::string(version) + "\n");
  const auto help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const auto* command : {"serve", "token", "publish", "listen", "events", "config"}) {
    EXPECT_THAT(help.out, HasSubstr(command));
    const auto own = run({command, "--help"});
    EXPECT_EQ(own.code, 0) << command;
    EXPECT_THAT(own.out, HasSubstr("--")) << command;
  }
}

TEST(CommandLine, UsageFaultsAreTwo) {
  const std::vector<std::vector<const char*>> wrong = {{},
                                                       {"dance"},
                                                       {"serve", "--no-such"},
                                                       {"token"},
                                                       {"publish"},
                                                       {"events", "--format", "prose"},
                                                       {"config"},
                                                       {"config", "--default", "--show"},
                                                       {"token", "--sub", ""},
                                                       {"token", "--sub", "user:u"},
                                                       {"token", "--sub", "u", "--project", "project:123"},
                                                       {"token", "--sub", "u", "--agent", "a b"},
                                                       {"token", "--sub", "u", "--ttl", "soon"}};
  for (const auto& arguments : wrong) {
    const auto got = run(arguments, {secret_entry.c_str()});
    EXPECT_EQ(got.code, 2) << (arguments.empty() ? "nothing" : arguments[0]);
    EXPECT_FALSE(got.err.empty());
  }
}

TEST(CommandLine, ChecksFilesOfEventTypes) {
  const auto write = [](const std::string& name, const std::string& text) {
    const auto path = testing::TempDir() + "fanfare_schema_" + name + ".json";
    std::ofstream(path) << text;
    return path;
  };
  const auto good = write("good", R"({"title":"note.added","type":"object","x-fanfare-rooms":["global"]})");
  const auto bad = write("bad", R"({"title":"note.moved","type":"object","x-fanfare-rooms":["gobal"]})");
  const auto again = write("again", R"({"title":"note.added","type":"object"})");
  const auto fine = run({"events", "--check", good.c_str()});
  EXPECT_EQ(fine.code, 0);
  EXPECT_EQ(fine.out, good + ": good\n");
  const auto wrong = run({"events", "--check", good.c_str(), bad.c_str(), again.c_str(), "/no/such.json"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr(bad + ": at /x-fanfare-rooms/0: must be a room"));
  EXPECT_THAT(wrong.err, HasSubstr(again + ": at /x-fanfare-type: there is a type of that name"));
  EXPECT_THAT(wrong.err, HasSubstr("/no/such.json: cannot be read: No such file"));
  for (const auto& path : {good, bad, again}) std::remove(path.c_str());
}

TEST(CommandLine, NamesTheNearestCommand) {
  EXPECT_EQ(run({"sevre"}).err,
            "fanfare: there is no command \"sevre\"; did you mean \"serve\"? (fanfare help lists them)\n");
  EXPECT_EQ(run({"sevre"}).code, 2);
  EXPECT_EQ(run({"help"}).code, 0);
  EXPECT_THAT(run({"help"}).out, HasSubstr("publish"));
}

TEST(CommandLine, WhatIsWrongNamesItsCommand) {
  EXPECT_EQ(run({"token"}).err, "fanfare token: --sub is required\n(fanfare token --help lists what there is)\n");
  EXPECT_THAT(run({"serve", "--listn"}).err,
              StartsWith("fanfare serve: The following argument was not expected: --listn"));
  EXPECT_THAT(run({"history"}).err, StartsWith("fanfare history: A subcommand is required"));
  EXPECT_THAT(run({"serve"}).err, StartsWith("fanfare: auth.secret is empty")) << "what is not set stands nowhere";
}

TEST(CommandLine, ConfigurationFaultsAreTwoAndNamed) {
  const auto got = run({"events"}, {"FANFARE_LOG__LEVL=x"});
  EXPECT_EQ(got.code, 2);
  EXPECT_EQ(got.err, "fanfare: FANFARE_LOG__LEVL: unknown key \"log.levl\"; did you mean \"log.level\"?\n");
  EXPECT_EQ(run({"token", "--sub", "u"}).code, 2);
  EXPECT_EQ(run({"serve"}).code, 2);
  EXPECT_THAT(run({"serve", "--workers", "x"}).err, StartsWith("fanfare: --workers: server.workers must be"));
  EXPECT_THAT(run({"config", "--check", "/no/such/file"}).err, HasSubstr("cannot be read"));
}

TEST(CommandLine, TheProductionCheckNeedsAFile) {
  for (const auto& arguments : {std::vector{"config", "--production"}, {"config", "--show", "--production"}}) {
    const auto got = run(arguments);
    EXPECT_EQ(got.code, 2);
    EXPECT_THAT(got.err, HasSubstr("--production requires --check"));
  }
}

TEST(CommandLine, FailuresAreOne) {
  const auto got = run({"publish", "project.updated", "--url", "http://127.0.0.1:1", "--data", "{"}, {"FANFARE_KEY=k"});
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.err, HasSubstr("no JSON"));
  EXPECT_EQ(run({"publish", "t", "--data", "@/no/such/file"}).code, 1);
  EXPECT_EQ(run({"listen"}).code, 1);
  EXPECT_EQ(run({"serve", "--dev", "--listen", "nonsense"}).code, 2) << "no address at all";
  EXPECT_THAT(run({"serve", "--dev", "--listen", "0.0.0.0:0"}).err, HasSubstr("add --dev-public"));
  const auto elsewhere = run({"serve", "--dev", "--dev-public", "--listen", "192.0.2.1:0"});
  EXPECT_EQ(elsewhere.code, 1) << "an address of no interface here (RFC 5737)";
  EXPECT_THAT(elsewhere.err, testing::Not(HasSubstr("boost"))) << "what a library appends reaches no person";
}

TEST(CommandLine, MintsTokensWithEveryOption) {
  const auto got = run({"token", "--sub", "u1", "--project", "p1", "--project", "p2", "--agent", "*", "--role", "dev",
                        "--scope", "admin", "--ttl", "7d"},
                       {secret_entry.c_str()});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_EQ(std::ranges::count(got.out, '.'), 2);
  EXPECT_EQ(std::ranges::count(got.out, '\n'), 1);
}

TEST(CommandLine, PrintsConfigurationAndCatalogue) {
  EXPECT_EQ(run({"config", "--default"}).out, default_toml());
  EXPECT_EQ(run({"config", "--reference"}).out, reference_markdown());
  EXPECT_THAT(run({"config", "--show"}).out, HasSubstr("log.level = \"info\"  # default"));
  EXPECT_THAT(run({"events"}).out, HasSubstr("workflow.progress"));
}

}  // namespace
}  // namespace fanfare::server

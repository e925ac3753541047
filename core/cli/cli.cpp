// SPDX-License-Identifier: Apache-2.0
#include "core/cli/cli.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include "core/base/control.h"
#include "core/cli/bench.h"
#include "core/cli/plugin.h"
#include "core/cli/publish.h"
#include "core/cli/token.h"
#include "core/config/loader.h"

namespace dunlin {
namespace {

constexpr const char* kAbout = R"(Dunlin, a message centre: very many users hold a connection, any backend pushes to a user or a channel with one call.

  dunlin serve --config dunlin.yaml              start; SIGTERM or Ctrl-C drains and stops
  dunlin check --config dunlin.yaml              say what is wrong with the configuration, without starting
  dunlin reload --config dunlin.yaml             put a changed configuration or plugin in force, or say why not
  dunlin token --config dunlin.yaml --uid 1001   make a token to log in with (development)
  dunlin publish user:1001 'Hello'               push a message to everybody who is subscribed
  dunlin plugin list | check FILE.so | new …     look at plugins, check one, begin one
  dunlin bench --config dunlin.yaml              put load on a running server, and check and time what it does
)";

int said(const Status& status) {
  if (status) return 0;
  std::fprintf(stderr, "%s\n", status.error().why.c_str());
  return 1;
}

struct Options {
  std::string config = "dunlin.yaml";
  std::string ttl = "1d";
  std::vector<std::string> claims;
  TokenRequest token;
  PublishRequest publish;
  BenchArguments bench;
  PluginArguments plugin;
};

int with_config(const Options& options, const std::function<int(const Config&)>& use) {
  const auto config = load_config(options.config);
  return config ? use(*config) : said(config.error());
}

int serve(const Options& options, const Commands& commands) {
  return with_config(options, [&](const Config& config) { return said(commands.serve(config)); });
}

int check(const Options& options, const Commands& commands) {
  return with_config(options, [&](const Config& config) {
    const int code = said(commands.check(config));
    if (code == 0) std::printf("%s: ok\n", options.config.c_str());
    return code;
  });
}

int reloaded(const Result<std::string>& answer) {
  if (!answer) return said(answer.error());
  const std::size_t line = answer->find('\n');
  const bool in_force = line != std::string::npos && answer->substr(0, line + 1) == kControlOk;
  const std::string text = line == std::string::npos ? *answer : answer->substr(line + 1);
  if (!in_force) return said(fail(Errc::denied, "not reloaded; what was in force stays in force:\n" + text));
  std::printf("%s\n", text.c_str());
  return 0;
}

int reload(const Options& options, const Commands&) {
  constexpr int kPatience = 120;  // more than the server gives the modules
  const auto answers = control_call(options.config, kControlReload, kPatience);
  if (answers.empty()) return said(fail(Errc::not_found, fmt::format("no server runs on this machine with {}", options.config)));
  int code = 0;
  for (const auto& answer : answers) code = std::max(code, reloaded(answer));
  return code;
}

int token(const Options& options, const Commands&) {
  TokenRequest request = options.token;
  const auto ttl = parse_duration(options.ttl);
  if (!ttl) return said(fail(Errc::bad_input, "--ttl: " + ttl.error().why));
  request.ttl = *ttl;
  for (const std::string& claim : options.claims) {
    const std::size_t equals = claim.find('=');
    if (equals == std::string::npos) return said(fail(Errc::bad_input, fmt::format("--claim: \"{}\" has no =; write name=value", claim)));
    request.claims.emplace_back(claim.substr(0, equals), claim.substr(equals + 1));
  }
  return with_config(options, [&](const Config& config) {
    const auto made = make_token(config, request, unix_ms());
    if (!made) return said(made.error());
    std::printf("%s\n", made->c_str());
    return 0;
  });
}

int publish(const Options& options, const Commands&) {
  PublishRequest request = options.publish;
  if (request.data == "-") request.data.assign(std::istreambuf_iterator<char>(std::cin), {});
  const auto done = publish_once(request);
  if (!done) return said(done.error());
  std::printf("%s\n", done->c_str());
  return 0;
}

int plugin_command(const Options& options, const Commands&) { return run_plugin(options.plugin); }

int bench_command(const Options& options, const Commands&) { return run_bench(options.bench); }

int version(const Options&, const Commands&) {
  std::printf("dunlin %s\n", DUNLIN_VERSION);
  return 0;
}

void config_option(CLI::App& command, Options& options) {
  command.add_option("-c,--config", options.config, "the configuration file")->capture_default_str();
}

void token_options(CLI::App& command, Options& options) {
  config_option(command, options);
  command.add_option("--uid", options.token.uid, "who the token is for; all digits: a number, with every digit kept")->required();
  command.add_flag("--string", options.token.as_string, "write the uid as a string, also when it is all digits");
  command.add_option("--ttl", options.ttl, "how long it is good, such as 30s, 1h, 7d")->capture_default_str();
  command.add_option("--claim", options.claims, "a further claim, name=value; the value is JSON or else text");
}

void publish_options(CLI::App& command, Options& options) {
  command.add_option("channel", options.publish.channel, "such as user:1001")->required();
  command.add_option("data", options.publish.data, "the message; - reads standard input")->required();
  command.add_option("--api", options.publish.api, "the API of any node")->capture_default_str();
  command.add_option("--user", options.publish.user, "name:password, where the API asks for them")->envname("DUNLIN_API_USER");
  command.add_flag("--binary", options.publish.binary, "the data is base64 of a binary message");
}

void plugin_command_options(CLI::App& command, Options& options) { plugin_options(command, options.plugin); }
void bench_command_options(CLI::App& command, Options& options) { bench_options(command, options.bench); }

void no_options(CLI::App&, Options&) {}

struct Command {
  const char *name, *doc;
  void (*options)(CLI::App&, Options&);
  int (*run)(const Options&, const Commands&);
};

constexpr Command kCommands[] = {
    {"serve", "Start the message centre.\n\n  dunlin serve --config dunlin.yaml", config_option, serve},
    {"check", "Say everything that is wrong with a configuration, each with file:line:column; exit 1 if anything is.\n\n"
              "  dunlin check --config dunlin.yaml", config_option, check},
    {"reload", "Tell the server that runs on this machine with this file to put it in force, with its modules, and say what "
               "came of it: exit 0 when it is in force, 1 when it was refused, with every reason.\n\n"
               "  dunlin reload --config dunlin.yaml", config_option, reload},
    {"token", "Make a token that jwt-auth accepts, signed with the secret in the configuration.\n\n"
              "  dunlin token --uid 1001 --ttl 1h --claim name=Ann", token_options, token},
    {"publish", "Push one message through the HTTP API and say how many connections it was handed to.\n\n"
                "  dunlin publish user:1001 '{\"event\":\"@user\",\"data\":\"Hello\"}'", publish_options, publish},
    {"plugin", "Look at plugins, check one, or begin one.", plugin_command_options, plugin_command},
    {"bench", "Put load on a running server, check every message, and say how fast it is.\n\n"
              "  dunlin bench --config dunlin.yaml --server $(pidof dunlin) --work fan-out -n 1000 -w 16", bench_command_options,
     bench_command},
    {"version", "Print the version.", no_options, version},
};

}  // namespace

int run_cli(int argc, char** argv, const Commands& commands) {
  CLI::App app(kAbout, "dunlin");
  app.require_subcommand(1);
  app.set_version_flag("--version", "dunlin " DUNLIN_VERSION);
  Options options;
  std::vector<CLI::App*> parsed;
  for (const Command& command : kCommands) {
    parsed.push_back(app.add_subcommand(command.name, command.doc));
    command.options(*parsed.back(), options);
  }
  if (argc < 2) {
    std::printf("%s", app.help().c_str());
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);  // prints help, or what is wrong
    return code == 0 ? 0 : 2;
  }
  for (std::size_t i = 0; i < std::size(kCommands); ++i)
    if (parsed[i]->parsed()) return kCommands[i].run(options, commands);
  return 2;
}

}  // namespace dunlin

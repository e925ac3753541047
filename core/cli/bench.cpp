// SPDX-License-Identifier: Apache-2.0
#include "core/cli/bench.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "core/bench/bench.h"
#include "core/bench/dialogue.h"
#include "core/bench/nodes.h"
#include "core/cli/token.h"
#include "core/config/loader.h"

namespace dunlin {
namespace {

int said(const Error& error) {
  std::fprintf(stderr, "bench: %s\n", error.why.c_str());
  return 1;
}

// Where the server of that configuration listens, and tokens that it accepts.
Status read_config(const std::string& file, bench::Options& options) {
  auto loaded = load_config(file);
  if (!loaded) return loaded.error();
  const auto config = std::make_shared<const Config>(std::move(*loaded));
  const auto made = make_token(*config, {.uid = "1", .claims = {}}, unix_ms());
  if (!made) return made.error();
  options.token = [config](const std::string& uid) {
    const auto token = make_token(*config, {.uid = uid, .claims = {}}, unix_ms());
    return token ? *token : std::string();
  };
  return ok();
}

int run_nodes(const BenchArguments& arguments) {
  const auto beside = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "plugins";
  const auto findings = bench::run_nodes(arguments.options, arguments.nodes,
                                         arguments.plugins.empty() ? beside.string() : std::filesystem::absolute(arguments.plugins).string());
  if (!findings) return said(findings.error());
  std::printf("%s", bench::report(arguments.options, *findings).c_str());
  return findings->sound() ? 0 : 1;
}

}  // namespace

void bench_options(CLI::App& command, BenchArguments& arguments) {
  bench::Options& o = arguments.options;
  command.add_option("--work", arguments.work, "fan-out, one-to-one, echo, login, storm or idle")->capture_default_str();
  command.add_option("-c,--config", arguments.config, "the server's configuration: tokens are signed with its secret");
  command.add_option("--protocol", o.protocol, "what the server speaks:\n" + bench::protocols_help())->capture_default_str();
  command.add_option("--url", o.url, "where clients connect, if not where the protocol has it; {channel} may be part of it");
  command.add_option("--publish-url", o.publish_url, "where messages are published, if not where the protocol has it");
  command.add_option("--via", o.publish_via, "how: http, ws (frames to the publish URL) or client (frames as a client)");
  command.add_option("--user", o.user, "name:password of the publishing API")->envname("DUNLIN_API_USER");
  command.add_option("--login-frame", o.login_frames, "said first, for the protocol's own; {uid}, {token} are filled in");
  command.add_option("--subscribe-frame", o.subscribe_frame, "said next; {channel} is filled in, too");
  command.add_option("--publish-frame", o.publish_frame, "the publisher's frame or HTTP body, with {channel} and {message}");
  command.add_option("--answer", o.answer, "part of every answer to those frames");
  command.add_option("-n,--connections", o.connections, "clients")->capture_default_str();
  command.add_option("--channels", o.channels, "of each client, in one-to-one")->capture_default_str();
  command.add_option("-w,--window", o.window, "messages (echoes, log-ins, handshakes) outstanding")->capture_default_str();
  command.add_option("--batch", o.batch, "publishes in one request to the API, as an array")->capture_default_str();
  command.add_option("--size", o.size, "bytes of a message")->capture_default_str();
  command.add_flag("--compression", o.compression, "clients offer permessage-deflate, which the server must agree to");
  command.add_flag("--spin", o.spin, "the client never sleeps, so that no CPU time of the server goes into waking it; takes a core");
  command.add_option("--publishers", o.publishers, "connections that publish, in turn")->capture_default_str();
  command.add_option("--rate", o.rate, "publishes a second, their latency counted from when each was due; 0: as fast as the window lets")->capture_default_str();
  command.add_option("--seconds", o.seconds, "measured")->capture_default_str();
  command.add_option("--warm-up", o.warm_up, "seconds before")->capture_default_str();
  command.add_option("--server", o.server, "process numbers of the server, on this machine: its CPU time and memory are read")
      ->delimiter(',');
  command.add_option("--nodes", arguments.nodes, "starts so many nodes and a NATS server here, and compares a publish at the subscriber's node\n"
                     "with one at another; takes -w, --size, --seconds and --warm-up");
  command.add_option("--plugins", arguments.plugins, "of those nodes: the folder with lua.so (../plugins, beside this program's folder)");
  command.add_flag("--json", o.json, "one JSON object instead of a table");
  command.add_flag("--quiet", o.quiet, "no progress bar");
}

int run_bench(const BenchArguments& arguments) {
  bench::Options options = arguments.options;
  if (arguments.nodes > 0) return run_nodes(arguments);
  const bench::Work* work = bench::work_named(arguments.work);
  if (!work) return said(fail(Errc::bad_input, fmt::format("--work: there is no \"{}\"", arguments.work)));
  options.work = *work;
  if (!arguments.config.empty())
    if (Status read = read_config(arguments.config, options); !read) return said(read.error());
  const auto findings = bench::run(options);
  if (!findings) return said(findings.error());
  std::printf("%s", bench::report(options, *findings).c_str());
  return findings->sound() ? 0 : 1;
}

}  // namespace dunlin

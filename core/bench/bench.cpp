// SPDX-License-Identifier: Apache-2.0
#include "core/bench/bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/base/clock.h"
#include "core/bench/payload.h"
#include "core/bench/work.h"

namespace dunlin::bench {
namespace {

// As many descriptors as the system lets us have.
Status allow_descriptors(unsigned wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return ok();
  const rlimit raised{wanted, std::max<rlim_t>(limit.rlim_max, wanted)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return ok();
  return fail(Errc::unavailable, fmt::format("{} open files are needed and {} are allowed; raise ulimit -n", wanted, limit.rlim_max));
}

Status check(const Options& options, const Dialogue& dialogue) {
  if (options.connections == 0 || options.window == 0 || options.publishers == 0 || options.batch == 0 || options.channels == 0)
    return fail(Errc::bad_input, "a count is 0");
  if (options.size < kSmallestMessage)
    return fail(Errc::bad_input, fmt::format("--size: {} is too small; must be {} or more", options.size, kSmallestMessage));
  if (options.channels > 1 && options.work != Work::one_to_one)
    return fail(Errc::bad_input, "--channels: only one-to-one gives each connection channels of its own");
  const Subject one = dialogue.subject("1");
  if (options.channels > 1 && dialogue.subscription(one) == dialogue.subscription(dialogue.subject(one, 1)))
    return fail(Errc::bad_input, fmt::format("--channels: {} has no subscription to more of them", options.protocol));
  if (options.batch > options.window)
    return fail(Errc::bad_input, "--batch: a batch larger than the window is never full");
  if (options.batch > 1 && !(dialogue.publish_via() == "http" || (dialogue.publish_via() == "ws" && dialogue.publish_answered())))
    return fail(Errc::bad_input, "--batch: only the HTTP API and Dunlin's WebSocket API take several publishes in one request");
  if (options.batch > 1 && options.protocol == "nchan")
    return fail(Errc::bad_input, "--batch: nchan takes one message a request");
  if (options.rate < 0 || options.seconds <= 0 || options.warm_up < 0)
    return fail(Errc::bad_input, "--rate and --warm-up must not be negative, --seconds must be above 0");
  if (options.rate > 0 && options.work != Work::fan_out && options.work != Work::one_to_one)
    return fail(Errc::bad_input, "--rate: only fan-out and one-to-one publish");
  return allow_descriptors(options.connections + options.publishers + 64);
}

// Takes the measures while connections come.
class Watch {
 public:
  Watch(const ServerProcess& server, Findings& findings, unsigned all)
      : server_(server), findings_(findings), step_(std::max(1000u, all / 20)) {
    mark();
    first_ns_ = last_ns_;
    first_cpu_ = last_cpu_;
  }

  void reached(unsigned count) {
    if (count < last_ + step_) return;
    const std::int64_t before_ns = last_ns_;
    const double before_cpu = last_cpu_;
    const unsigned more = count - std::exchange(last_, count);
    mark();
    findings_.accepts.push_back({count, more / (static_cast<double>(last_ns_ - before_ns) / 1e9),
                                 known_ ? (last_cpu_ - before_cpu) * 1e6 / more : -1});
  }

  void finish() {
    mark();
    findings_.connect_seconds = static_cast<double>(last_ns_ - first_ns_) / 1e9;
    if (known_) findings_.connect_cpu_seconds = last_cpu_ - first_cpu_;
  }

 private:
  void mark() {
    last_ns_ = steady_ns();
    const auto cpu = server_.cpu_seconds();
    known_ = cpu.has_value();
    last_cpu_ = cpu.value_or(0);
  }

  const ServerProcess& server_;
  Findings& findings_;
  const unsigned step_;
  unsigned last_ = 0;
  std::int64_t first_ns_ = 0, last_ns_ = 0;
  double first_cpu_ = 0, last_cpu_ = 0;
  bool known_ = false;
};

Status close_crowd(const Run& run) {
  const std::int64_t from = steady_ns();
  const auto cpu = run.server.cpu_seconds();
  if (Status closed = run.crowd.close_all(run.progress); !closed) return closed;
  run.findings.close_per_second = run.options.connections / (static_cast<double>(steady_ns() - from) / 1e9);
  if (const auto now = run.server.cpu_seconds(); now && cpu)
    run.findings.close_cpu_us = (*now - *cpu) * 1e6 / run.options.connections;
  return ok();
}

Status load(const Run& run) {
  const auto memory = run.server.memory();
  const auto per_connection = [&](double& to) {
    if (const auto now = run.server.memory(); now && memory) to = (*now - *memory) / run.options.connections;
  };
  Watch watch(run.server, run.findings, run.options.connections);
  const auto reached = [&](unsigned count) { watch.reached(count); };
  if (Status opened = run.crowd.open_all(reached, run.progress); !opened) return opened;
  watch.finish();
  per_connection(run.findings.memory_connected);
  if (run.options.work == Work::storm) return close_crowd(run);
  if (Status joined = run.crowd.join_all(run.progress); !joined) return joined;
  per_connection(run.findings.memory_ready);
  switch (run.options.work) {
    case Work::fan_out:
    case Work::one_to_one: return run_delivery(run);
    case Work::echo:
    case Work::login: return run_replies(run);
    default: return ok();
  }
}

}  // namespace

Result<Findings> run(const Options& options) {
  const auto dialogue = Dialogue::of(options);
  if (!dialogue) return dialogue.error();
  if (Status sound = check(options, *dialogue); !sound) return sound.error();
  const ServerProcess server(options.server);
  if (!options.server.empty() && !server.cpu_seconds())
    return fail(Errc::not_found, "--server: there is no process of that number");
  Findings findings;
  Poller poller(options.spin);
  Progress progress(options.quiet || options.json);
  const bool shared = options.work == Work::fan_out;
  Crowd crowd(poller, *dialogue, options, [shared](unsigned i) { return std::to_string(shared ? 1 : i + 1); });
  if (Status done = load({options, *dialogue, server, poller, crowd, progress, findings}); !done) return done.error();
  return findings;
}

}  // namespace dunlin::bench

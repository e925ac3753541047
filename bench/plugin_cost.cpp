// SPDX-License-Identifier: Apache-2.0
// What lies between the server and a plugin: the time that the host adds to a hook, as a multiple of calling the hook
// itself, and what `isolation: process` adds to that. Run on the folder that has verdict.so:
//
//   plugin-cost build/plugins
//
// CPU time of the thread, the least of several rounds: other work on the machine hardly shows in it.
#include <poll.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/conformance/memory_services.h"
#include "core/isolation/guest.h"
#include "core/isolation/isolator.h"
#include "core/plugin/ask.h"
#include "core/plugin/runtime.h"
#include "tests/abi/allocations.h"

namespace {

using namespace dunlin;

constexpr int kRounds = 15, kCalls = 100'000, kIsolatedCalls = 4'000;

double cpu_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

struct Cost {
  double ns = std::numeric_limits<double>::infinity();
  double allocations = 0;  // a call
};

template <class Call>
Cost cost_of(Call call) {
  Cost cost;
  for (int i = 0; i < 1000; ++i) call();  // warm
  const std::size_t before = allocations();
  for (int i = 0; i < 1000; ++i) call();
  cost.allocations = static_cast<double>(allocations() - before) / 1000;
  for (int round = 0; round < kRounds; ++round) {
    const double began = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < kCalls; ++i) call();
    cost.ns = std::min(cost.ns, (cpu_ns(CLOCK_THREAD_CPUTIME_ID) - began) / kCalls);
  }
  return cost;
}

void row(const char* what, const Cost& cost, double direct) {
  std::printf("| %s | %.1f ns | %.1f | %.2f |\n", what, cost.ns, cost.ns / direct, cost.allocations);
}

Config config_of(const std::string& directory, bool isolated) {
  Config config;
  config.file = "plugin-cost";
  config.directory = config.plugin_directory = directory;
  Endpoint endpoint;
  ModuleUse use;
  use.module = "verdict";
  endpoint.router = use;
  use.isolated = isolated;
  endpoint.auth.push_back(use);
  config.listeners.emplace_back().endpoints.push_back(std::move(endpoint));
  return config;
}

// A worker that does nothing but ask.
class Bench final : public AnswerSink {
 public:
  Bench(const std::string& directory, bool isolated) : isolator_(1) {
    auto set = ModuleSet::build(config_of(directory, isolated), log_, nullptr, &isolator_);
    if (!set) give_up(set.error().why);
    set_ = std::move(*set);
    auto runtime = ModuleRuntime::create(set_, services_, *this, log_, 0);
    if (!runtime) give_up(runtime.error().why);
    runtime_ = std::move(*runtime);
  }
  ~Bench() {
    runtime_.reset();
    while (services_.turn()) {
    }
  }

  std::optional<LoginAnswer> login(std::uint64_t id, std::string_view token) {
    return runtime_->login(modules(), ClientId(id), token, DUNLIN_LOGIN_MESSAGE);
  }
  RouterOutcome message(std::string_view data) { return *runtime_->message(modules(), ClientId(1), Kind::text, data); }

  // `count` log-ins, `outstanding` at a time.
  void logins(std::uint64_t count, std::uint64_t outstanding) {
    std::uint64_t asked = 0;
    for (answered_ = 0; answered_ < count;) {
      for (; asked < count && asked - answered_ < outstanding; ++asked)
        if (login(1 + asked % outstanding, "a token of some length")) give_up("an isolated module answered at once");
      while (services_.turn()) {
      }
      pollfd ready{uv_backend_fd(static_cast<uv_loop_t*>(services_.uv_loop())), POLLIN, 0};
      if (answered_ < count && asked - answered_ == outstanding) ::poll(&ready, 1, 1000);
    }
  }

  void login_answered(ClientId, LoginAnswer answer) override {
    if (answer.outcome != LoginOutcome::allowed) give_up("refused: " + answer.reason);
    ++answered_;
  }
  void router_answered(ClientId, RouterOutcome) override {}

  // The one process that this one has started; 0: it cannot be told.
  static pid_t child() {
    std::ifstream children("/proc/self/task/" + std::to_string(getpid()) + "/children");
    pid_t pid = 0;
    children >> pid;
    return pid;
  }

  MemoryServices& services() { return services_; }
  Selection& selection() { return *set_.selections.front(); }

 private:
  [[noreturn]] static void give_up(const std::string& why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::exit(1);
  }
  const ModuleSet::EndpointModules& modules() const { return set_.endpoints[0][0]; }

  Log log_;
  MemoryServices services_;
  ProcessIsolator isolator_;
  ModuleSet set_;
  std::unique_ptr<ModuleRuntime> runtime_;
  std::uint64_t answered_ = 0;
};

class Nobody final : public AnswerTaker {
  void take(dunlin_ticket, Answer) override {}
};

void inside(const std::string& directory) {
  Bench bench(directory, false);
  Nobody nobody;
  Log log;
  const auto stage = std::make_shared<Stage>(bench.services(), log, 0, nobody);
  ModuleFigures figures{"cost"};
  const std::shared_ptr<Selection> selection(&bench.selection(), [](Selection*) {});
  const auto instance = *Instance::create(stage, selection, figures);
  const dunlin_credentials no{{"deny me", 7}, DUNLIN_LOGIN_MESSAGE, 0};
  const dunlin_message text{{"a message", 9}, DUNLIN_TEXT, 0};
  volatile dunlin_verdict verdict = DUNLIN_PASS;
  const Cost check = cost_of([&] { verdict = instance->auth()->check(instance->raw(), 1, &no, 1); });
  const Cost message = cost_of([&] { verdict = instance->router()->message(instance->raw(), 1, &text, 1); });
  instance->destroy();
  std::printf("| | CPU time | times the direct call | allocations |\n|---|---:|---:|---:|\n");
  row("`check` called directly", check, check.ns);
  row("log-in through the host, verdict of the hook", cost_of([&] { bench.login(1, "deny me"); }), check.ns);
  row("log-in through the host, ALLOW by the ticket", cost_of([&] { bench.login(1, "allow me"); }), check.ns);
  row("`message` called directly", message, message.ns);
  row("message through the host", cost_of([&] { bench.message("a message"); }), message.ns);
  std::printf("\n");
}

void isolated(const std::string& directory) {
  std::printf("| `isolation: process` | server, CPU | its process, CPU | both, elapsed |\n|---|---:|---:|---:|\n");
  for (const std::uint64_t outstanding : {1u, 16u, 256u}) {
    Cost cost, child, elapsed;
    Bench bench(directory, true);
    clockid_t clock{};
    const bool found = clock_getcpuclockid(bench.child(), &clock) == 0;
    bench.logins(kIsolatedCalls, outstanding);  // warm
    for (int round = 0; round < kRounds; ++round) {
      const double began = cpu_ns(CLOCK_THREAD_CPUTIME_ID), theirs = found ? cpu_ns(clock) : 0, at = cpu_ns(CLOCK_MONOTONIC);
      bench.logins(kIsolatedCalls, outstanding);
      cost.ns = std::min(cost.ns, (cpu_ns(CLOCK_THREAD_CPUTIME_ID) - began) / kIsolatedCalls);
      child.ns = std::min(child.ns, ((found ? cpu_ns(clock) : 0) - theirs) / kIsolatedCalls);
      elapsed.ns = std::min(elapsed.ns, (cpu_ns(CLOCK_MONOTONIC) - at) / kIsolatedCalls);
    }
    std::printf("| %d outstanding | %.2f µs | %.2f µs | %.2f µs |\n", static_cast<int>(outstanding), cost.ns / 1e3,
                child.ns / 1e3, elapsed.ns / 1e3);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == kGuestCommand) return run_guest();
  if (argc != 2) {
    std::fprintf(stderr, "usage: plugin-cost FOLDER-OF-PLUGINS\n");
    return 2;
  }
  inside(argv[1]);
  isolated(argv[1]);
  return 0;
}

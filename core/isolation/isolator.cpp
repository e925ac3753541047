// SPDX-License-Identifier: Apache-2.0
#include "core/isolation/isolator.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/isolation/proxy.h"
#include "core/plugin/libraries.h"
#include "core/plugin/library.h"

namespace dunlin {
namespace {

constexpr Millis kBeginPatience{30'000};  // to load, configure and create
constexpr Millis kEnd{2'000};     // to destroy and discard, once it has been asked to end

// [setup] Sends what a process is to do first.
Status say(const Process& process, const std::string& frames) {
  for (std::size_t sent = 0; sent < frames.size();) {
    const ssize_t wrote = ::send(process.link(), frames.data() + sent, frames.size() - sent, MSG_NOSIGNAL);
    if (wrote >= 0) sent += static_cast<std::size_t>(wrote);
    else if (errno == EAGAIN) {
      pollfd writable{process.link(), POLLOUT, 0};
      if (::poll(&writable, 1, static_cast<int>(kBeginPatience.count())) == 0) return fail(Errc::unavailable, "its process does not read");
    } else if (errno != EINTR) {
      return fail(Errc::unavailable, "its process ended at once");
    }
  }
  return ok();
}

// [setup] The next frame. REQUIRES: one is owed
Result<std::string> hear(Process& process, WireBuffer& buffer, const char* doing) {
  const std::int64_t until = steady_ms() + kBeginPatience.count();
  for (;;) {
    if (const auto frame = buffer.next()) return std::string(*frame);
    const std::int64_t left = until - steady_ms();
    if (buffer.flawed() || left <= 0) {
      process.kill();
      return fail(Errc::unavailable, fmt::format("its process was killed: it {} {}", left <= 0 ? "hangs in" : "wrote nonsense in", doing));
    }
    pollfd readable{process.link(), POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(left));
    char part[4096];
    const ssize_t got = ::recv(process.link(), part, sizeof part, MSG_DONTWAIT);
    if (got > 0) buffer.add({part, static_cast<std::size_t>(got)});
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) continue;
    std::optional<ProcessExit> exit;
    while (!(exit = process.ended()) && steady_ms() < until) ::poll(nullptr, 0, 5);
    return fail(Errc::unavailable, fmt::format("its process ended in {} ({})", doing, exit ? exit->in_words() : "?"));
  }
}

// Whether it reads connections.
Result<bool> created(Process& process, WireBuffer& buffer) {
  const auto frame = hear(process, buffer, "create");
  if (!frame) return frame.error();
  WireReader in(*frame);
  const bool right = in.kind() == FrameKind::created;
  const std::string_view why = in.text();
  const bool reads_connections = in.flag();
  if (!right || !in.ok()) return fail(Errc::unavailable, "its process wrote nonsense");
  if (!why.empty()) return fail(Errc::denied, std::string(why));
  return reads_connections;
}

const void* of_auth(const char* id) noexcept { return std::strcmp(id, DUNLIN_AUTH) == 0 ? &kProxyAuth : nullptr; }
const void* of_none(const char*) noexcept { return nullptr; }
dunlin_status configure(const dunlin_host*, dunlin_str, dunlin_settings**) noexcept { return DUNLIN_E_INVALID; }
void discard(dunlin_settings*) noexcept {}

}  // namespace

IsolatedSelection::IsolatedSelection(const ModuleEnvironment& environment, const ModuleUse& use, std::string program)
    : log_(environment.log),
      start_{environment.plugin_directory, environment.config_file, environment.config_directory, use, Level::info,
             environment.log.format(), 0},
      program_(std::move(program)), patience_(std::max(use.deadline, Millis{1000})) {
  for (const Level level : {Level::error, Level::warn, Level::info, Level::debug})
    if (environment.log.enabled(level)) start_.log_level = level;
}

IsolatedSelection::~IsolatedSelection() {
  for (auto& ready : ready_)
    if (ready) give_back(std::move(ready->process));
  const std::int64_t until = steady_ms() + kEnd.count();
  for (Process& process : ended_)
    while (!process.ended() && steady_ms() < until) ::poll(nullptr, 0, 2);
  ended_.clear();  // kills who is still there
  if (library_ >= 0) ::close(library_);
}

std::string IsolatedSelection::in_place(const std::string& what) const {
  return selection_fault(start_.config_file, start_.use.place, fmt::format("module \"{}\": {}", start_.use.module, what));
}

// A copy, so that a process that comes later runs what the first one ran.
Status IsolatedSelection::open_library(const ModuleEnvironment& environment) {
  const auto file = library_file(environment.plugin_directory, start_.use.module);
  if (!file) return fail(file.error().code, in_place(file.error().why));
  const auto bytes = read_library(*file);
  if (!bytes) return fail(bytes.error().code, in_place(bytes.error().why));
  const auto copy = private_copy(*bytes, *file, start_.use.module);
  if (!copy) return fail(copy.error().code, in_place(copy.error().why));
  library_ = *copy;
  return ok();
}

Start IsolatedSelection::start_of(unsigned worker) const {
  Start start = start_;
  start.worker = worker;
  return start;
}

Status IsolatedSelection::load(unsigned worker, std::optional<Process>& process, WireBuffer& rest) {
  if (!process) {
    auto spawned = spawn(worker);
    if (!spawned) return spawned.error();
    process = std::move(*spawned);
    std::string frames;
    put(frames, start_of(worker));
    return say(*process, frames);
  }
  const auto frame = hear(*process, rest, "load or configure");
  if (!frame) return fail(Errc::unavailable, in_place(frame.error().why));
  WireReader in(*frame);
  Configured configured;
  if (in.kind() != FrameKind::configured || !get(in, configured))
    return fail(Errc::unavailable, in_place("its process wrote nonsense"));
  if (!configured.why.empty()) return fail(Errc::bad_input, configured.why);
  describe(configured);
  return ok();
}

// The first one says whether the module and its settings are good; then all the others at once.
Status IsolatedSelection::begin(unsigned workers) {
  std::vector<std::optional<Process>> processes(std::max(workers, 1u));
  std::vector<WireBuffer> rests(processes.size());
  for (int step = 0; step < 2; ++step)  // ask, hear
    if (Status loaded = load(0, processes[0], rests[0]); !loaded) return loaded;
  for (unsigned i = 1; i < workers; ++i)
    if (Status asked = load(i, processes[i], rests[i]); !asked) return fail(Errc::unavailable, in_place(asked.error().why));
  std::string create;
  { WireWriter(create, FrameKind::create); }
  for (unsigned i = 0; i < workers; ++i)
    if (Status asked = say(*processes[i], create); !asked) return fail(Errc::unavailable, in_place(asked.error().why));
  for (unsigned i = 1; i < workers; ++i)
    if (Status loaded = load(i, processes[i], rests[i]); !loaded) return loaded;
  for (unsigned i = 0; i < workers; ++i) {
    const auto reads_connections = created(*processes[i], rests[i]);
    if (!reads_connections) {
      const Error& error = reads_connections.error();
      return error.code == Errc::denied ? error : fail(error.code, in_place(error.why));
    }
    ready_.emplace_back(ReadyProcess{std::move(*processes[i]), std::move(rests[i]), *reads_connections});
  }
  if (workers == 0) give_back(std::move(*processes[0]));
  return ok();
}

void IsolatedSelection::describe(const Configured& configured) {
  version_ = configured.version, summary_ = configured.summary;
  module_ = {start_.use.module.c_str(), version_.c_str(), summary_.c_str(), nullptr, nullptr, configure, discard,
             create_proxy, destroy_proxy, configured.is_auth ? of_auth : of_none};
}

Result<std::unique_ptr<IsolatedSelection>> IsolatedSelection::start(const ModuleEnvironment& environment,
                                                                    const ModuleUse& use, unsigned workers,
                                                                    const std::string& program) {
  std::unique_ptr<IsolatedSelection> selection(new IsolatedSelection(environment, use, program));
  if (Status opened = selection->open_library(environment); !opened) return opened.error();
  if (Status begun = selection->begin(workers); !begun) return begun.error();
  return selection;
}

std::optional<ReadyProcess> IsolatedSelection::take(unsigned worker) {
  const std::lock_guard lock(mutex_);
  return worker < ready_.size() ? std::exchange(ready_[worker], std::nullopt) : std::nullopt;
}

void IsolatedSelection::give_back(Process process) {
  process.close_link();
  const std::lock_guard lock(mutex_);
  ended_.push_back(std::move(process));
}

Result<std::unique_ptr<IsolatedModule>> ProcessIsolator::start(const ModuleEnvironment& environment, const ModuleUse& use) {
  auto started = IsolatedSelection::start(environment, use, workers_, program_);
  if (!started) return started.error();
  return std::unique_ptr<IsolatedModule>(std::move(*started));
}

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
// Instances that come and go: a thousand times, and one taking over from another.
#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "core/base/clock.h"
#include "core/conformance/suite.h"

namespace dunlin {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCounts = false;  // the sanitizer has an allocator of its own
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kCounts = false;
#else
constexpr bool kCounts = true;
#endif
#else
constexpr bool kCounts = true;
#endif

std::size_t entries(const char* folder) {
  std::error_code error;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) ++count;
  return count;
}

struct Held {
  std::size_t bytes = 0, files = 0, threads = 0;
  static Held now() {
    return {kCounts ? static_cast<std::size_t>(mallinfo2().uordblks + mallinfo2().hblkhd) : 0, entries("/proc/self/fd"),
            entries("/proc/self/task")};
  }
};

// Bytes each time; the smallest leak of malloc is 32, pools grow a little and stay.
constexpr std::size_t kTolerated = 28;
constexpr std::size_t kRound = 100;

// One question of every kind that an instance is asked.
void ask_everything(Rig& rig, const Selection& selection) {
  const ClientId kConn(1);
  if (selection.auth()) rig.login(kConn, "dunlin-plugin-check");
  if (selection.guard()) rig.guard(kConn, "news");
  if (selection.filter()) rig.filter("dunlin-plugin-check");
  for (std::size_t i = 0; i < rig.routes().size(); ++i) rig.serve(i, "dunlin-plugin-check");
  if (!selection.router()) return rig.settle(500, "", Millis{0});
  rig.open(kConn);
  rig.settle(500, "", Millis{0});
  if (selection.framer()) {
    rig.input(kConn, "dunlin-plugin-check");
    rig.encode(kConn, "dunlin-plugin-check");
  }
  rig.message(kConn, Kind::text, "dunlin-plugin-check");
  rig.settle(500, "", Millis{0});
  rig.close(kConn);
}

}  // namespace

// What the allocator keeps for itself grows now and then; what leaks grows in each round.
void Suite::Growth::round() {
  const std::size_t bytes = Held::now().bytes, grown = bytes > bytes_ ? bytes - bytes_ : 0;
  least_ = rounds_++ == 0 ? grown : std::min(least_, grown);
  bytes_ = bytes;
}

Suite::Growth Suite::held() {
  const Held now = Held::now();
  return {now.bytes, now.files, now.threads};
}

bool Suite::leaks(const Growth& growth, const char* what, const char* where, const char* who) {
  const Held now = Held::now();
  const std::size_t times = growth.rounds() * kRound;
  bool any = false;
  const auto found = [&](const std::string& why) {
    fail(why);
    any = true;
  };
  if (growth.least() > kRound * kTolerated)
    found(fmt::format("it leaks about {} bytes for each {}: free in {} what {}", growth.least() / kRound, what, where, who));
  if (now.files > growth.files() + 2)
    found(fmt::format("it leaves {} files or sockets open after {} {}s: close them in {}", now.files - growth.files(), times, what,
                      where));
  if (now.threads > growth.threads() + 2)
    found(fmt::format("it leaves {} threads behind after {} {}s: join them in {}", now.threads - growth.threads(), times, what,
                      where));
  return any;
}

void Suite::settings_come_and_go() {
  constexpr std::size_t kWarm = 20, kRounds = 4;
  const auto again = [this](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) {
      at("configure and discard");
      if (!select(request_.settings)) return false;
    }
    return true;
  };
  bool same = again(kWarm);
  Growth growth = held();
  for (std::size_t i = 0; same && i < kRounds; ++i) {
    same = again(kRound);
    growth.round();
  }
  if (!same) return fail("it takes the same settings once and refuses them another time");
  if (!leaks(growth, "selection", "discard", "configure allocates")) ok("it takes its settings, again and again");
}

void Suite::thousand_times() {
  // A sanitizer looks for leaks of its own accord, and makes everything slow.
  constexpr std::size_t kWarm = 50, kTimes = kCounts ? 1000 : 200;
  constexpr Millis kPatience{20'000};
  Growth growth;
  const std::int64_t began = steady_ms();
  std::size_t done = 0;
  for (; done < kWarm + kTimes && steady_ms() - began < kPatience.count(); ++done) {
    if (done == kWarm) growth = held();
    else if (done > kWarm && (done - kWarm) % kRound == 0) growth.round();
    at(fmt::format("create, a question of each kind, destroy, time {}", done + 1));
    Rig rig(selection_, log_, hosts_);
    if (const Status started = rig.start(); !started) {
      creates_ = false;
      return fail(fmt::format("create failed at time {}: {}", done + 1, started.error().why));
    }
    ask_everything(rig, *selection_);
    note_hooks(rig);
    rig.stop();
    rig.settle_stopped();
  }
  if (done < kWarm + kTimes)
    warn(fmt::format("{} instances, each asked a question of every kind, took {} s: a worker serves nobody while a hook runs, "
                     "create and destroy among them", done, kPatience.count() / 1000));
  else growth.round();
  if (growth.rounds() == 0) return;
  if (!leaks(growth, "instance", "destroy", "create and the hooks allocate"))
    ok(fmt::format("{} instances came and went{}", done - kWarm, kCounts ? " without a leak" : ""));
}

// The last step: nothing of the module is left but its library.
void Suite::rest() {
  at("discard");
  selection_.reset();
  constexpr Millis kMoment{2'000};  // a thread that was told to end needs one
  const std::int64_t began = steady_ms();
  std::size_t left;
  while ((left = Held::now().threads) > threads_before_ && steady_ms() - began < kMoment.count())
    std::this_thread::sleep_for(Millis{10});
  if (const auto calls = hosts_->stale_calls(); calls > 0)
    fail(fmt::format("it called the host {} times for instances that had been destroyed (DUNLIN_E_GONE): join its threads in "
                     "destroy", calls));
  if (left <= threads_before_) return ok("nothing runs when nobody uses it");
  warn(fmt::format("{} thread{} of it go{} on after the last instance was destroyed and the settings were discarded: what they "
                   "touch must live as long as the process",
                   left - threads_before_, left - threads_before_ == 1 ? "" : "s", left - threads_before_ == 1 ? "es" : ""));
}

// The same file with the same settings, put in the place of itself ten times while connections live on.
void Suite::swaps() {
  constexpr int kSwaps = 10;
  constexpr Millis kPoolStep{50};  // at most, for what the pool has to say
  constexpr std::uint64_t kConns = 8;
  const auto rig = this->rig();
  if (!rig) return;
  const bool routes_messages = selection_->router() != nullptr;
  const auto each = [&](const auto& call) {
    for (std::uint64_t id = 1; id <= kConns; ++id) call(ClientId(id));
  };
  const auto traffic = [&](ClientId id) {
    if (selection_->auth()) rig->login(id, "in the middle of a swap");
    if (selection_->guard()) rig->guard(id, "news");
    if (routes_messages) rig->message(id, Kind::text, "in the middle of a swap");
  };
  at("open before the swap");
  if (routes_messages) each([&](ClientId id) { rig->open(id); });
  await(*rig);
  for (int i = 0; i < kSwaps; ++i) {
    at(fmt::format("traffic before swap {}", i + 1));
    each(traffic);
    auto fresh = select(request_.settings);
    if (!fresh) return fail("it refuses the settings that it has taken: " + fresh.error().why);
    at(fmt::format("create beside the old instance, swap {}", i + 1));
    if (const Status prepared = rig->prepare(std::move(*fresh)); !prepared)
      return fail("create beside the old instance: " + prepared.error().why);
    at("cancel, release and adopt");
    each([&](ClientId id) {
      if (routes_messages) rig->hand_over(id);
      else rig->leave(id);
    });
    at("destroy the old instance");
    for (int turn = 0; !rig->retire(); ++turn) {
      rig->services().wait_for_post(kPoolStep);
      rig->settle(500, "");
      if (turn == 100) return fail("the old instance has work on the pool that does not end");
    }
    at("traffic after the swap");
    each(traffic);
    await(*rig);
  }
  at("close after the swaps");
  if (routes_messages) each([&](ClientId id) { rig->close(id); });
  ok(fmt::format("it took its own place {} times while {} connections lived on", kSwaps, kConns));
  note_hooks(*rig);
}

}  // namespace dunlin

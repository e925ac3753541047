// SPDX-License-Identifier: Apache-2.0
// Instances that come and go: a thousand times, and one taking over from another.
#include <malloc.h>

#include <filesystem>

#include <fmt/format.h>

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

}  // namespace

void Suite::thousand_times() {
  constexpr int kWarm = 50, kTimes = 1000;
  constexpr std::size_t kTolerated = 28;  // bytes each time; the smallest leak of malloc is 32, pools grow a little and stay
  Held before;
  for (int i = 0; i < kWarm + kTimes; ++i) {
    if (i == kWarm) before = Held::now();
    at(fmt::format("create and destroy, time {}", i + 1));
    Rig rig(selection_);
    if (const Status started = rig.start(); !started)
      return fail(fmt::format("create failed at time {}: {}", i + 1, started.error().why));
    if (selection_->auth()) {
      rig.login(ClientId(1), "dunlin-plugin-check");
      rig.settle(500, "", Millis{0});
    }
    rig.stop();
    rig.settle_stopped();
  }
  const Held after = Held::now();
  bool clean = true;
  if (after.bytes > before.bytes + kTimes * kTolerated) {
    fail(fmt::format("it leaks about {} bytes for each instance: free in destroy what create and the hooks allocate",
                     (after.bytes - before.bytes) / kTimes));
    clean = false;
  }
  if (after.files > before.files + 2) {
    fail(fmt::format("it leaves {} files or sockets open after {} instances", after.files - before.files, kTimes));
    clean = false;
  }
  if (after.threads > before.threads + 2) {
    fail(fmt::format("it leaves {} threads behind after {} instances: join them in destroy", after.threads - before.threads, kTimes));
    clean = false;
  }
  if (clean) ok(fmt::format("{} instances came and went{}", kTimes, kCounts ? " without a leak" : ""));
}

// The same file with the same settings, put in the place of itself ten times while connections live on.
void Suite::swaps() {
  constexpr int kSwaps = 10;
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

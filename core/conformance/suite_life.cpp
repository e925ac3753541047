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

// The same file with the same settings, put in the place of itself while connections live on.
void Suite::swaps() {
  auto old_one = rig();
  if (!old_one) return;
  const bool routes_messages = selection_->router() != nullptr;
  at("traffic before the swap");
  for (std::uint64_t i = 1; i <= 8; ++i) {
    if (selection_->auth()) old_one->login(ClientId(i), "before the swap");
    if (routes_messages) old_one->open(ClientId(i));
  }
  auto fresh = select(request_.settings);
  if (!fresh) return fail("it refuses the settings that it has taken: " + fresh.error().why);
  Rig new_one(std::move(*fresh));
  at("create beside the old instance");
  if (const Status started = new_one.start(); !started) return fail("create beside the old instance: " + started.error().why);
  at("release and adopt");
  old_one->settle(500, "");
  old_one->advance(Rig::kDeadline);
  for (std::uint64_t i = 1; i <= 8 && routes_messages; ++i) old_one->close(ClientId(i));
  at("traffic on the new instance while the old one is destroyed");
  for (std::uint64_t i = 1; i <= 8; ++i) {
    if (selection_->auth()) new_one.login(ClientId(i), "after the swap");
    if (routes_messages) new_one.open(ClientId(i));
    if (i == 4) old_one.reset();
  }
  await(new_one);
  for (std::uint64_t i = 1; i <= 8 && routes_messages; ++i) new_one.close(ClientId(i));
  ok("a second selection takes over while the first is in use, and the first is destroyed");
}

}  // namespace dunlin

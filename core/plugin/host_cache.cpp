// SPDX-License-Identifier: Apache-2.0
// dunlin.cache/1
#include "core/base/clock.h"
#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {

dunlin_status InstanceCache::fetch(Instance& instance, std::string_view key, Millis timeout, dunlin_cache_fn fn,
                                   void* user, std::uint64_t& flight) {
  const std::uint64_t id = next_++;
  // Under the cache's lock, which destroying takes too: whoever is told is alive, and what was posted to its worker
  // looks again. A worker that is stopping takes nothing any more, and needs nothing.
  const auto tell = [&instance, id](dunlin_status status, const SharedCache::Value& value) {
    instance.services().post([self = instance.weak_from_this(), id, status, value] {
      if (const auto alive = self.lock(); alive && alive->alive()) alive->cache().told(*alive, id, status, value);
    });
  };
  const auto timer = instance.services().timer_start(timeout, Millis{0}, [this, &instance, id] {
    const auto found = waiting_.find(id);
    if (found != waiting_.end()) found->second.timer = 0;
    told(instance, id, DUNLIN_E_TIMEOUT, std::make_shared<const std::string>());
  });
  waiting_.emplace(id, Waiting{fn, user, timer});
  SharedCache::Asked asked = instance.shared_cache().fetch(&instance, key, steady_ms(), timeout, tell);
  flight = asked.flight;
  if (asked.value)
    instance.services().defer([self = instance.weak_from_this(), id, value = std::move(asked.value)] {
      if (const auto alive = self.lock(); alive && alive->alive()) alive->cache().told(*alive, id, DUNLIN_OK, value);
    });
  return DUNLIN_OK;
}

void InstanceCache::told(Instance& instance, std::uint64_t id, dunlin_status status, const SharedCache::Value& value) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;  // its time had passed
  const Waiting waiting = found->second;
  waiting_.erase(found);
  if (waiting.timer) instance.services().timer_stop(waiting.timer);
  HookScope scope(instance, Hook::cache);
  waiting.fn(waiting.user, status, lend(*value));
}

std::string_view InstanceCache::keep(Instance& instance, SharedCache::Value value) {
  if (!std::exchange(clearing_, true))
    instance.services().defer([self = instance.weak_from_this()] {
      const auto alive = self.lock();
      if (!alive) return;
      alive->cache().kept_.clear();
      alive->cache().clearing_ = false;
    });
  return *kept_.emplace_back(std::move(value));
}

void InstanceCache::stop(Instance& instance) {
  instance.shared_cache().forget(&instance, DUNLIN_E_UNAVAILABLE);
  for (const auto& [id, waiting] : waiting_)
    if (waiting.timer) instance.services().timer_stop(waiting.timer);
  waiting_.clear();
}

namespace {

constexpr std::size_t kMaxKey = 1024;
constexpr std::uint64_t kMaxTimeout = 3'600'000;

bool valid_key(const dunlin_str& key) { return sound(key) && key.size > 0 && key.size <= kMaxKey; }

dunlin_status get(const dunlin_host* host, dunlin_str key, dunlin_str* out) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!out || !valid_key(key)) return DUNLIN_E_INVALID;
    *out = lend("");
    auto value = instance.shared_cache().get(view(key), steady_ms());
    if (!value) return DUNLIN_E_NOT_FOUND;
    *out = lend(instance.cache().keep(instance, std::move(value)));
    return DUNLIN_OK;
  });
}

dunlin_status put(const dunlin_host* host, dunlin_str key, dunlin_str value, std::uint64_t ttl_ms) noexcept {
  return on_any_thread(host, [&](Instance& instance) {
    if (!valid_key(key) || !sound(value)) return DUNLIN_E_INVALID;
    return instance.shared_cache().put(view(key), view(value), steady_ms(), millis(ttl_ms)) ? DUNLIN_OK : DUNLIN_E_FULL;
  });
}

dunlin_status remove(const dunlin_host* host, dunlin_str key) noexcept {
  return on_any_thread(host, [&](Instance& instance) {
    if (!valid_key(key)) return DUNLIN_E_INVALID;
    return instance.shared_cache().remove(view(key)) ? DUNLIN_OK : DUNLIN_E_NOT_FOUND;
  });
}

dunlin_status fetch(const dunlin_host* host, dunlin_str key, std::uint64_t timeout_ms, dunlin_cache_fn fn, void* user,
                    std::uint64_t* flight) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!fn || !flight || !valid_key(key) || timeout_ms == 0 || timeout_ms > kMaxTimeout) return DUNLIN_E_INVALID;
    if (!instance.alive()) return DUNLIN_E_UNAVAILABLE;
    return instance.cache().fetch(instance, view(key), millis(timeout_ms), fn, user, *flight);
  });
}

dunlin_status land(const dunlin_host* host, std::uint64_t flight, dunlin_status status, dunlin_str value,
                   std::uint64_t ttl_ms) noexcept {
  return on_any_thread(host, [&](Instance& instance) {
    if (flight == 0 || !sound(value) || status > 0) return DUNLIN_E_INVALID;
    return instance.shared_cache().land(&instance, flight, status, view(value), steady_ms(), millis(ttl_ms))
               ? DUNLIN_OK
               : DUNLIN_E_GONE;
  });
}

}  // namespace

const dunlin_cache kCacheTable = {get, put, remove, fetch, land};

}  // namespace dunlin

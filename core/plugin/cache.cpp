// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/cache.h"

#include <algorithm>
#include <utility>

namespace dunlin {

void SharedCache::erase(Entries::iterator entry) {
  bytes_ -= entry->key.size() + entry->value->size();
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

SharedCache::Value SharedCache::find(std::string_view key, std::int64_t now_ms) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  if (found->second->until_ms > now_ms) return found->second->value;
  erase(found->second);
  return nullptr;
}

void SharedCache::store(std::string_view key, Value value, std::int64_t until_ms) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) erase(found->second);
  bytes_ += key.size() + value->size();
  entries_.push_back({std::string(key), std::move(value), until_ms});
  by_key_.emplace(entries_.back().key, std::prev(entries_.end()));
  while (bytes_ > kMaxBytes) erase(entries_.begin());
}

SharedCache::Value SharedCache::get(std::string_view key, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  return find(key, now_ms);
}

bool SharedCache::put(std::string_view key, std::string_view value, std::int64_t now_ms, Millis ttl) {
  if (key.size() + value.size() > kMaxBytes) return false;
  auto copy = std::make_shared<const std::string>(value);
  const std::lock_guard lock(mutex_);
  store(key, std::move(copy), now_ms + ttl.count());
  return true;
}

bool SharedCache::remove(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return false;
  erase(found->second);
  return true;
}

SharedCache::Asked SharedCache::fetch(const void* owner, std::string_view key, std::int64_t now_ms, Millis timeout,
                                      Tell tell) {
  const std::lock_guard lock(mutex_);
  if (Value value = find(key, now_ms)) return {std::move(value), 0};
  if (flights_.size() >= sweep_at_) sweep(now_ms);
  Flight& flight = flights_[std::string(key)];
  const bool under_way = flight.id && flight.until_ms > now_ms;
  if (!under_way) std::erase_if(flight.waiters, [&](const Waiter& waiter) { return waiter.until_ms <= now_ms; });
  flight.waiters.push_back({owner, now_ms + timeout.count(), std::move(tell)});
  if (under_way) return {};
  // Nobody fetches it, or who did is past its time: those who still wait for it wait for this one.
  flight.id = next_++;
  flight.owner = owner;
  flight.until_ms = now_ms + timeout.count();
  return {nullptr, flight.id};
}

// Flights that never landed, and whose time is over.
void SharedCache::sweep(std::int64_t now_ms) {
  std::erase_if(flights_, [&](const auto& one) { return one.second.until_ms <= now_ms; });
  sweep_at_ = std::max<std::size_t>(64, 2 * flights_.size());
}

bool SharedCache::land(const void* owner, std::uint64_t id, std::int32_t status, std::string_view value,
                       std::int64_t now_ms, Millis ttl) {
  const auto shared = std::make_shared<const std::string>(status == 0 ? value : "");
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(flights_.begin(), flights_.end(), [&](const auto& one) {
    return one.second.id == id && one.second.owner == owner;
  });
  if (found == flights_.end()) return false;
  const auto landed = flights_.extract(found);
  if (status == 0 && ttl.count() > 0 && landed.key().size() + value.size() <= kMaxBytes)
    store(landed.key(), shared, now_ms + ttl.count());
  for (const Waiter& waiter : landed.mapped().waiters) waiter.tell(status, shared);
  return true;
}

void SharedCache::forget(const void* owner, std::int32_t status) {
  const auto nothing = std::make_shared<const std::string>();
  const std::lock_guard lock(mutex_);
  for (auto flight = flights_.begin(); flight != flights_.end();) {
    std::erase_if(flight->second.waiters, [&](const Waiter& waiter) { return waiter.owner == owner; });
    if (flight->second.owner != owner) {
      ++flight;
      continue;
    }
    for (const Waiter& waiter : flight->second.waiters) waiter.tell(status, nothing);
    flight = flights_.erase(flight);
  }
}

}  // namespace dunlin

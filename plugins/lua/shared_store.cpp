// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/shared_store.h"

#include <charconv>
#include <utility>

namespace dunlin::lua {

SharedStore::Entries::iterator SharedStore::find(std::string_view key, std::int64_t now_ms) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.ends_ms == 0 || found->second.ends_ms > now_ms) return found;
  erase(found);
  return entries_.end();
}

void SharedStore::erase(Entries::iterator entry) {
  used_ -= cost(entry->first, entry->second.json);
  entries_.erase(entry);
}

bool SharedStore::put(std::string_view key, std::string json, std::int64_t ends_ms, std::int64_t now_ms) {
  constexpr std::int64_t kSweepMs = 100;  // looking through all of them is not for every call
  if (const auto old = entries_.find(key); old != entries_.end()) {
    const std::uint64_t without = used_ - cost(old->first, old->second.json);
    if (without + cost(old->first, json) > limit_) return false;
    used_ = without + cost(old->first, json);
    old->second = {std::move(json), ends_ms};
    return true;
  }
  std::string name(key);
  const std::uint64_t wanted = cost(name, json);
  if (used_ + wanted > limit_ && now_ms - swept_ms_ >= kSweepMs) {
    swept_ms_ = now_ms;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      const auto here = entry++;
      if (here->second.ends_ms != 0 && here->second.ends_ms <= now_ms) erase(here);
    }
  }
  if (used_ + wanted > limit_) return false;
  used_ += wanted;
  entries_.emplace(std::move(name), Entry{std::move(json), ends_ms});
  return true;
}

SharedStore::Outcome SharedStore::set(std::string_view key, std::string json, std::int64_t ttl_ms, std::int64_t now_ms,
                                      bool only_new) {
  const std::lock_guard lock(mutex_);
  if (only_new && find(key, now_ms) != entries_.end()) return Outcome::exists;
  return put(key, std::move(json), ttl_ms == 0 ? 0 : now_ms + ttl_ms, now_ms) ? Outcome::done : Outcome::full;
}

std::optional<std::string> SharedStore::get(std::string_view key, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto found = find(key, now_ms);
  if (found == entries_.end()) return std::nullopt;
  return found->second.json;
}

bool SharedStore::remove(std::string_view key, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto found = find(key, now_ms);
  if (found == entries_.end()) return false;
  erase(found);
  return true;
}

SharedStore::Outcome SharedStore::add(std::string_view key, std::int64_t by, std::int64_t ttl_ms, std::int64_t now_ms,
                                      std::int64_t& value) {
  const std::lock_guard lock(mutex_);
  const auto found = find(key, now_ms);
  std::int64_t before = 0, ends_ms = ttl_ms == 0 ? 0 : now_ms + ttl_ms;
  if (found != entries_.end()) {
    const std::string& text = found->second.json;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), before);
    if (error != std::errc() || end != text.data() + text.size()) return Outcome::no_integer;
    ends_ms = found->second.ends_ms;
  }
  if (__builtin_add_overflow(before, by, &value)) return Outcome::no_integer;
  return put(key, std::to_string(value), ends_ms, now_ms) ? Outcome::done : Outcome::full;
}

}  // namespace dunlin::lua

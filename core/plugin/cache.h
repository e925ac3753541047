// SPDX-License-Identifier: Apache-2.0
// SharedCache: what the instances of one selection keep in common, and who is fetching what (dunlin.cache/1). One lock for
// all of it: it is asked rarely enough (keys, answers of backends), and nobody calls out while holding it but post().
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/clock.h"

namespace dunlin {

class SharedCache {
 public:
  static constexpr std::size_t kMaxBytes = 16 * 1024 * 1024;
  using Value = std::shared_ptr<const std::string>;
  // Hands the outcome of a flight to the worker of who waits: status, value. Called under the lock.
  using Tell = std::function<void(std::int32_t status, const Value& value)>;

  struct Asked {
    Value value;               // it is there
    std::uint64_t flight = 0;  // not 0: the caller's to fetch
  };

  // All [any-thread]. nullptr: not there, or past its time.
  Value get(std::string_view key, std::int64_t now_ms);
  bool put(std::string_view key, std::string_view value, std::int64_t now_ms, Millis ttl);
  bool remove(std::string_view key);
  // Without a value in what it returns, `tell` will be called once, unless `owner` is forgotten first.
  Asked fetch(const void* owner, std::string_view key, std::int64_t now_ms, Millis timeout, Tell tell);
  bool land(const void* owner, std::uint64_t flight, std::int32_t status, std::string_view value, std::int64_t now_ms,
            Millis ttl);
  // `owner` is being destroyed: it is told nothing more, and who waits for its flights is told `status`.
  void forget(const void* owner, std::int32_t status);

 private:
  struct Entry {
    std::string key;
    Value value;
    std::int64_t until_ms;
  };
  struct Waiter {
    const void* owner;
    std::int64_t until_ms;
    Tell tell;
  };
  struct Flight {
    std::uint64_t id;
    const void* owner;
    std::int64_t until_ms;
    std::vector<Waiter> waiters;
  };
  using Entries = std::list<Entry>;  // oldest first

  Value find(std::string_view key, std::int64_t now_ms);
  void store(std::string_view key, Value value, std::int64_t until_ms);
  void erase(Entries::iterator entry);
  void sweep(std::int64_t now_ms);

  std::mutex mutex_;  // guards all that follows
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  // the keys are the entries' own
  std::unordered_map<std::string, Flight> flights_;                 // by key
  std::size_t bytes_ = 0;
  std::size_t sweep_at_ = 64;  // flights
  std::uint64_t next_ = 1;
};

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
// SharedStore: the values and counters of mix.shared, which the workers of a node share. [any-thread]
//
// A value is JSON text, so that it can go from one Lua state to another; a counter is an integer's. What is past its
// time is gone for whoever asks, and is removed when room is wanted.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin::lua {

class SharedStore {
 public:
  static constexpr std::uint64_t kDefaultLimit = 16 * 1024 * 1024;
  enum class Outcome : std::uint8_t { done, exists, full, no_integer };

  // REQUIRES: called before any other thread knows the store
  void set_limit(std::uint64_t bytes) { limit_ = bytes; }

  // `now_ms` of a clock that never goes back; ttl_ms 0: for ever. `only_new`: Outcome::exists where there is one.
  Outcome set(std::string_view key, std::string json, std::int64_t ttl_ms, std::int64_t now_ms, bool only_new = false);
  std::optional<std::string> get(std::string_view key, std::int64_t now_ms);
  bool remove(std::string_view key, std::int64_t now_ms);
  // Adds to a counter, one that is not there being 0; ttl_ms counts when it is made. `value` gets the sum.
  Outcome add(std::string_view key, std::int64_t by, std::int64_t ttl_ms, std::int64_t now_ms, std::int64_t& value);

 private:
  struct Entry {
    std::string json;
    std::int64_t ends_ms = 0;  // 0: never
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  Entries::iterator find(std::string_view key, std::int64_t now_ms);  // what is past its time is removed
  void erase(Entries::iterator entry);
  bool put(std::string_view key, std::string json, std::int64_t ends_ms, std::int64_t now_ms);
  static std::uint64_t cost(const std::string& key, const std::string& json) { return key.size() + json.size() + 128; }

  std::mutex mutex_;
  Entries entries_;
  std::uint64_t used_ = 0, limit_ = kDefaultLimit;
  std::int64_t swept_ms_ = 0;
};

}  // namespace dunlin::lua

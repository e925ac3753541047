// SPDX-License-Identifier: Apache-2.0
// The answers of the last seconds, by a digest of what was asked: bounded in number and age, the least recently used
// leaves first. Pure logic: the caller brings the time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <unordered_map>
#include <utility>

namespace dunlin::http_auth {

// SHA-256 of a request: a token is never kept as a key.
using Digest = std::array<unsigned char, 32>;

struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }
};

template <class Value>
class Cache {
 public:
  explicit Cache(std::size_t capacity) : capacity_(capacity) {}

  // nullptr: not there, or too old. The value lives until the next call.
  const Value* get(const Digest& key, std::int64_t now) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    if (found->second->until <= now) {
      remove(found);
      return nullptr;
    }
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->value;
  }

  // Replaces what was there. Nothing is kept that is over already, or when the capacity is 0.
  void put(const Digest& key, Value value, std::int64_t until, std::int64_t now) {
    if (const auto found = index_.find(key); found != index_.end()) remove(found);
    if (capacity_ == 0 || until <= now) return;
    if (index_.size() == capacity_) remove(index_.find(order_.back().key));
    order_.push_front({key, std::move(value), until});
    index_.emplace(key, order_.begin());
  }

  std::size_t size() const { return index_.size(); }

 private:
  struct Entry {
    Digest key;
    Value value;
    std::int64_t until;
  };
  using Order = std::list<Entry>;
  using Index = std::unordered_map<Digest, typename Order::iterator, DigestHash>;

  void remove(typename Index::iterator found) {
    order_.erase(found->second);
    index_.erase(found);
  }

  const std::size_t capacity_;
  Order order_;  // most recently used first
  Index index_;
};

}  // namespace dunlin::http_auth

// SPDX-License-Identifier: Apache-2.0
// Memberships: the channels of one connection, and where it stands in each of them. Most connections have one or a few,
// which lie side by side and are looked through; from 17 on they are a hash table in the same block, so that to find, add
// and remove one costs the same whatever their number. An index is good until the next change; who keeps one is told.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <utility>

namespace dunlin {

struct Channel;

class Memberships {
 public:
  struct Entry {
    Channel* channel = nullptr;  // nullptr: nothing is here
    std::uint32_t place = 0;     // in Channel::members
  };
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  std::uint32_t count() const { return count_; }
  std::uint32_t slots() const { return slots_; }  // indices are below it
  Entry& operator[](std::uint32_t index) { return entries_[index]; }

  // kNone: it is not there.
  std::uint32_t find(const Channel* channel) const {
    if (!hashed()) {
      for (std::uint32_t i = 0; i < count_; ++i)
        if (entries_[i].channel == channel) return i;
      return kNone;
    }
    const std::uint32_t index = probe(channel);
    return entries_[index].channel ? index : kNone;
  }

  // Its index. REQUIRES: its channel is not there. `moved` is told, by entry and index, of those that have another.
  template <class Moved>
  std::uint32_t add(Entry entry, const Moved& moved) {
    if (full()) grow(moved);
    const std::uint32_t index = hashed() ? probe(entry.channel) : count_;
    entries_[index] = entry;
    ++count_;
    return index;
  }

  template <class Moved>
  void remove(std::uint32_t index, const Moved& moved) {
    --count_;
    if (!hashed()) {
      if (index != count_) move(count_, index, moved);
      entries_[count_] = {};
    } else if (count_ > 0) {
      close_gap(index, moved);
    } else {
      entries_.reset();
      slots_ = 0;
    }
  }

 private:
  static constexpr std::uint32_t kSideBySide = 16, kFirstTable = 64;

  bool hashed() const { return slots_ > kSideBySide; }
  bool full() const { return hashed() ? std::uint64_t{count_} * 3 >= std::uint64_t{slots_} * 2 : count_ == slots_; }

  std::uint32_t home(const Channel* channel) const {
    constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  // Fibonacci hashing: the upper bits of a product are well mixed
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(channel) * kGolden >> (64 - std::countr_zero(slots_)));
  }
  std::uint32_t next(std::uint32_t index) const { return (index + 1) & (slots_ - 1); }

  // Where it is, or would be. A table always has room.
  std::uint32_t probe(const Channel* channel) const {
    std::uint32_t index = home(channel);
    while (entries_[index].channel && entries_[index].channel != channel) index = next(index);
    return index;
  }

  template <class Moved>
  void move(std::uint32_t from, std::uint32_t to, const Moved& moved) {
    entries_[to] = entries_[from];
    moved(entries_[to], to);
  }

  template <class Moved>
  void grow(const Moved& moved) {
    const std::uint32_t before = slots_;
    const auto old = std::move(entries_);
    slots_ = before == 0 ? 1 : before == kSideBySide ? kFirstTable : before * 2;
    entries_ = std::make_unique<Entry[]>(slots_);
    for (std::uint32_t i = 0; i < before; ++i) {
      if (!old[i].channel) continue;
      const std::uint32_t index = hashed() ? probe(old[i].channel) : i;
      entries_[index] = old[i];
      if (index != i) moved(entries_[index], index);
    }
  }

  // What was put behind the one that leaves, since its own place was taken, moves up: so that no search ends too early.
  template <class Moved>
  void close_gap(std::uint32_t gap, const Moved& moved) {
    for (std::uint32_t index = next(gap); entries_[index].channel; index = next(index)) {
      const std::uint32_t from_home = (index - home(entries_[index].channel)) & (slots_ - 1), from_gap = (index - gap) & (slots_ - 1);
      if (from_home < from_gap) continue;
      move(index, gap, moved);
      gap = index;
    }
    entries_[gap] = {};
  }

  std::unique_ptr<Entry[]> entries_;
  std::uint32_t count_ = 0, slots_ = 0;  // slots: a power of two
};

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
// TicketTable: one question put to a module is one ticket. Its worker opens and releases tickets; any thread may claim
// one, which is how it says "mine is the answer": of all who try, exactly one succeeds, and nobody after it.
//
// A ticket is   generation (36 bits) | worker (8) | slot (20)   and is never 0. Slots lie in segments that stay where
// they are, so that a foreign thread looks one up without a lock. Invariant: state == generation << 2 | phase.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/ids.h"
#include "dunlin/dunlin.h"

namespace dunlin {

class TicketTable {
 public:
  // What the worker keeps with a ticket whose answer is awaited.
  struct Note {
    ClientId conn;
    std::uint64_t timer = 0;
    bool login = false;  // else open or message
    // Of open or message (patience.h): what has a bound of its own and is waited for; did that end since the deadline began?
    std::uint32_t patient = 0;
    bool was_patient = false;
  };

  explicit TicketTable(unsigned worker) : worker_(worker) {}
  ~TicketTable();
  TicketTable(const TicketTable&) = delete;
  TicketTable& operator=(const TicketTable&) = delete;

  // [worker] `owner` is who may answer. 0: a million are open already.
  dunlin_ticket open(const void* owner);

  // [any-thread] Is it open, and owner's?
  bool is_open(dunlin_ticket ticket, const void* owner) const;
  // [any-thread] True once for each ticket: the caller's answer is the one that counts.
  bool claim(dunlin_ticket ticket, const void* owner);

  // [worker] The note of a ticket that has not been released, claimed or not; nullptr: it has.
  Note* note(dunlin_ticket ticket);
  // [worker] From here on the ticket is nobody's. REQUIRES: not released before.
  void release(dunlin_ticket ticket);

  // [worker] Opened and not released.
  std::size_t size() const { return size_; }

 private:
  enum Phase : std::uint64_t { free = 0, open_ = 1, claimed = 2 };
  static constexpr unsigned kSlotBits = 20, kSegmentBits = 10, kGenerationBits = 36;
  static constexpr std::uint32_t kSegment = 1u << kSegmentBits;
  static constexpr std::uint32_t kNone = ~0u;

  struct Slot {
    std::atomic<std::uint64_t> state{0};
    std::atomic<const void*> owner{nullptr};
    Note note;                   // [worker]
    std::uint32_t next = kNone;  // [worker] of the free ones
  };
  using Segment = std::array<Slot, kSegment>;

  Slot* slot_of(dunlin_ticket ticket) const;
  bool grow();

  unsigned worker_;
  std::array<std::atomic<Segment*>, (1u << (kSlotBits - kSegmentBits))> segments_{};
  std::uint32_t segment_count_ = 0;  // [worker], as is what follows
  std::uint32_t free_ = kNone;
  std::size_t size_ = 0;
};

}  // namespace dunlin

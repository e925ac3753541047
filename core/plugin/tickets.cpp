// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/tickets.h"

#include "core/base/check.h"

namespace dunlin {
namespace {

constexpr unsigned kGenerationShift = 28;  // above worker and slot

std::uint64_t state_of(dunlin_ticket ticket, std::uint64_t phase) { return ticket >> kGenerationShift << 2 | phase; }

}  // namespace

TicketTable::~TicketTable() {
  for (auto& segment : segments_) delete segment.load(std::memory_order_relaxed);
}

TicketTable::Slot* TicketTable::slot_of(dunlin_ticket ticket) const {
  if ((ticket >> kSlotBits & 0xff) != (worker_ & 0xff)) return nullptr;
  const auto index = static_cast<std::uint32_t>(ticket & ((1u << kSlotBits) - 1));
  Segment* segment = segments_[index >> kSegmentBits].load(std::memory_order_acquire);
  return segment ? &(*segment)[index & (kSegment - 1)] : nullptr;
}

bool TicketTable::grow() {
  if (segment_count_ == segments_.size()) return false;
  auto segment = std::make_unique<Segment>();
  const std::uint32_t first = segment_count_ * kSegment;
  for (std::uint32_t i = 0; i < kSegment; ++i) (*segment)[i].next = i + 1 < kSegment ? first + i + 1 : free_;
  free_ = first;
  segments_[segment_count_++].store(segment.release(), std::memory_order_release);
  return true;
}

dunlin_ticket TicketTable::open(const void* owner) {
  if (free_ == kNone && !grow()) return 0;
  const std::uint32_t index = free_;
  Slot& slot = (*segments_[index >> kSegmentBits].load(std::memory_order_relaxed))[index & (kSegment - 1)];
  free_ = slot.next;
  ++size_;
  constexpr std::uint64_t kLast = (std::uint64_t{1} << kGenerationBits) - 1;
  std::uint64_t generation = slot.state.load(std::memory_order_relaxed) >> 2;
  generation = generation == kLast ? 1 : generation + 1;
  slot.note = {};
  slot.owner.store(owner, std::memory_order_relaxed);
  slot.state.store(generation << 2 | open_, std::memory_order_release);
  return generation << kGenerationShift | std::uint64_t{worker_ & 0xff} << kSlotBits | index;
}

bool TicketTable::is_open(dunlin_ticket ticket, const void* owner) const {
  const Slot* slot = slot_of(ticket);
  return slot && slot->state.load(std::memory_order_acquire) == state_of(ticket, open_) &&
         slot->owner.load(std::memory_order_relaxed) == owner;
}

bool TicketTable::claim(dunlin_ticket ticket, const void* owner) {
  // Should the slot be another ticket's by the time of the exchange, its generation tells.
  if (!is_open(ticket, owner)) return false;
  std::uint64_t expected = state_of(ticket, open_);
  return slot_of(ticket)->state.compare_exchange_strong(expected, state_of(ticket, claimed), std::memory_order_acq_rel);
}

TicketTable::Note* TicketTable::note(dunlin_ticket ticket) {
  Slot* slot = slot_of(ticket);
  if (!slot) return nullptr;
  const std::uint64_t state = slot->state.load(std::memory_order_relaxed);
  return state == state_of(ticket, open_) || state == state_of(ticket, claimed) ? &slot->note : nullptr;
}

void TicketTable::release(dunlin_ticket ticket) {
  CHECK(note(ticket) != nullptr);
  Slot& slot = *slot_of(ticket);
  slot.state.store(state_of(ticket, free), std::memory_order_release);
  slot.next = free_;
  free_ = static_cast<std::uint32_t>(ticket & ((1u << kSlotBits) - 1));
  --size_;
}

}  // namespace dunlin

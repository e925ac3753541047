// SPDX-License-Identifier: Apache-2.0
#include "core/hub/outbox.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace dunlin {
namespace {

constexpr std::size_t kWrite = 64 * 1024;     // one write gathers at most about this much
constexpr std::size_t kKeptSegments = 8;      // storage that an idle outbox keeps

}  // namespace

void Flusher::flush() {
  // Indexed: a write never adds outboxes, but a destroyed one leaves a gap.
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    prefetch(i);
    if (Outbox* box = std::exchange(dirty_[i], nullptr)) {
      box->dirty_ = false;
      box->flush();
    }
  }
  dirty_.clear();
}

// A write's way through the kernel leaves little of the next outbox in the processor's caches: they are told of it before.
void Flusher::prefetch(std::size_t i) const {
  const auto fetch = [](const void* from, std::size_t size) {
    for (std::size_t line = 0; line < size; line += 64) __builtin_prefetch(static_cast<const char*>(from) + line);
  };
  if (i + 2 < dirty_.size()) fetch(dirty_[i + 2], sizeof(Outbox));
  if (i + 1 < dirty_.size() && dirty_[i + 1]) fetch(dirty_[i + 1]->segments_.data(), sizeof(Outbox::Segment));
}

void Flusher::report_overflows() {
  for (std::size_t i = 0; i < overflowed_.size(); ++i)
    if (Outbox* box = std::exchange(overflowed_[i], nullptr)) box->sink_.overflowed();
  overflowed_.clear();
}

Outbox::~Outbox() {
  if (dirty_) std::replace(flusher_.dirty_.begin(), flusher_.dirty_.end(), this, static_cast<Outbox*>(nullptr));
  discard(Counter::drop_closed);
}

Outbox::Push Outbox::push(const MessageRef& message) {
  if (overflowed_) return Push::full;
  const std::size_t bytes = message->frame().size();
  // Without a backlog nothing is refused: the turn's end hands it to the kernel.
  if (blocked_ && waiting() + bytes > limit_) {
    mark_overflowed();
    return Push::full;
  }
  seal_tail();
  add(Segment{.chunk = {}, .message = message});
  set_waiting(waiting_ + bytes);
  return Push::queued;
}

Outbox::Push Outbox::push_now(const MessageRef& message) {
  if (!empty() || dirty_ || overflowed_) return push(message);
  const std::string_view frame = message->frame();
  flusher_.counters_.add(Counter::messages_out);
  flusher_.counters_.add(Counter::bytes_out, frame.size());
  flusher_.counters_.add(Counter::writes);
  if (sink_.write(frame) == Sink::Took::blocked) {
    blocked_ = true;
    in_transport_ = frame.size();
    set_waiting(waiting_);
  }
  return Push::queued;
}

void Outbox::push_control(const MessageRef& frame) {
  seal_tail();
  add(Segment{.chunk = {}, .message = frame, .messages = 0});
  set_waiting(waiting_ + frame->frame().size());
}

void Outbox::push_open(const ChunkRef& chunk) {
  CHECK(!blocked_);
  seal_tail();
  add(Segment{.chunk = chunk, .message = {}, .begin = chunk->size(), .end = kOpen, .first_message = chunk->messages()});
  tail_open_ = true;
}

void Outbox::seal(const Chunk& chunk) {
  if (tail_open_ && segments_.back().chunk.get() == &chunk) seal_tail();
}

void Outbox::seal_tail() {
  if (!tail_open_) return;
  tail_open_ = false;
  Segment& tail = segments_.back();
  tail.end = tail.chunk->size();
  tail.messages = tail.chunk->messages() - tail.first_message;
  if (!tail.chunk->closed) tail.chunk->stragglers.push_back(this);
  if (tail.begin == tail.end) {
    segments_.pop_back();
  } else {
    set_waiting(waiting_ + tail.end - tail.begin);
  }
}

void Outbox::add(Segment segment) {
  segments_.push_back(std::move(segment));
  if (!blocked_) mark_dirty();
}

void Outbox::mark_dirty() {
  if (std::exchange(dirty_, true)) return;
  flusher_.dirty_.push_back(this);
}

void Outbox::mark_overflowed() {
  if (std::exchange(overflowed_, true)) return;
  flusher_.overflowed_.push_back(this);
}

// The whole segments of the next write: one is written from where it lies, several are gathered.
std::string_view Outbox::gather(std::size_t& segments) {
  const std::string_view first = segments_[head_].view();
  segments = 1;
  if (head_ + 1 == segments_.size() || first.size() >= kWrite) return first;
  std::string& scratch = flusher_.scratch_;
  scratch.assign(first);
  for (std::size_t i = head_ + 1; i < segments_.size(); ++i, ++segments) {
    const std::string_view next = segments_[i].view();
    if (scratch.size() + next.size() > kWrite) break;
    scratch += next;
  }
  return scratch;
}

void Outbox::taken(std::size_t segments) {
  for (; segments > 0; --segments) {
    Segment& segment = segments_[head_++];
    flusher_.counters_.add(Counter::messages_out, segment.messages);
    segment = Segment{};
  }
  if (head_ < segments_.size()) {
    if (head_ >= 1024) {  // a long backlog: give the front back
      segments_.erase(segments_.begin(), segments_.begin() + head_);
      head_ = 0;
    }
    return;
  }
  head_ = 0;
  segments_.clear();
  if (segments_.capacity() > kKeptSegments) segments_.shrink_to_fit();
}

void Outbox::flush() {
  seal_tail();
  while (!blocked_ && head_ < segments_.size()) {
    std::size_t segments = 0;
    const std::string_view bytes = gather(segments);
    const std::size_t size = bytes.size();
    const Sink::Took took = sink_.write(bytes);
    if (took == Sink::Took::dead) {
      discard(Counter::drop_closed);
      return;
    }
    flusher_.counters_.add(Counter::bytes_out, size);
    flusher_.counters_.add(Counter::writes);
    taken(segments);
    blocked_ = took == Sink::Took::blocked;
    in_transport_ = blocked_ ? size : 0;
    set_waiting(waiting_ - size);
  }
  if (blocked_ && waiting_ > limit_) mark_overflowed();
}

void Outbox::on_writable() {
  blocked_ = false;
  in_transport_ = 0;
  set_waiting(waiting_);
  flush();
}

void Outbox::discard(Counter reason) {
  seal_tail();
  for (std::size_t i = head_; i < segments_.size(); ++i) flusher_.counters_.add(reason, segments_[i].messages);
  segments_.clear();
  segments_.shrink_to_fit();
  head_ = 0;
  set_waiting(0);
  if (std::exchange(overflowed_, false))
    std::replace(flusher_.overflowed_.begin(), flusher_.overflowed_.end(), this, static_cast<Outbox*>(nullptr));
}

// Keeps the totals that the metrics show.
void Outbox::set_waiting(std::size_t bytes) {
  flusher_.waiting_bytes_ += bytes;
  flusher_.waiting_bytes_ -= waiting_;
  const bool was = waiting_ > 0, is = bytes > 0;
  if (was != is) flusher_.waiting_boxes_ += is ? 1 : static_cast<std::uint64_t>(-1);
  waiting_ = bytes;
}

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
// Outbox: what waits to be written to one connection, bounded. Flusher: writes every outbox that got something, once a
// loop turn, in as few writes as possible.
//
// A turn's publishes to one channel are one Chunk, shared by all subscribers: an outbox holds a segment of it that stays
// open, so that appending to the chunk reaches every subscriber without touching them (see channels.h). Whatever else is
// pushed seals the open segment first: the order in an outbox is the order of the pushes. Pure logic; all [worker].
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/message.h"
#include "core/base/metrics.h"

namespace dunlin {

class Outbox;

// The frames that one channel was given in one turn. Counted by the segments that point into it.
class Chunk {
 public:
  static constexpr std::size_t kCapacity = 64 * 1024;

  explicit Chunk(std::size_t expected) { bytes_.reserve(expected); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(bytes_.size()); }
  void append(std::string_view frame) {
    bytes_ += frame;
    ++messages_;
  }
  std::string_view view(std::uint32_t begin, std::uint32_t end) const {
    return std::string_view(bytes_).substr(begin, end - begin);
  }
  std::uint32_t messages() const { return messages_; }

  // Subscribers without an open segment: whoever was pushed something else in between, or has a backlog.
  std::vector<Outbox*> stragglers;
  bool closed = false;  // grows no more: nobody need be noted as a straggler

 private:
  friend class ChunkRef;
  std::string bytes_;
  std::uint32_t references_ = 0;
  std::uint32_t messages_ = 0;
};

class ChunkRef {
 public:
  ChunkRef() = default;
  explicit ChunkRef(Chunk* chunk) : chunk_(chunk) {
    if (chunk_) ++chunk_->references_;
  }
  ChunkRef(const ChunkRef& other) : ChunkRef(other.chunk_) {}
  ChunkRef(ChunkRef&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  ChunkRef& operator=(ChunkRef other) noexcept {
    std::swap(chunk_, other.chunk_);
    return *this;
  }
  ~ChunkRef() {
    if (chunk_ && --chunk_->references_ == 0) delete chunk_;
  }
  Chunk* get() const { return chunk_; }
  Chunk* operator->() const { return chunk_; }
  explicit operator bool() const { return chunk_ != nullptr; }

 private:
  Chunk* chunk_ = nullptr;
};

// What takes an outbox's bytes: a transport.
class Sink {
 public:
  enum class Took {
    all,      // and more may follow at once
    blocked,  // taken, but the kernel is full: Outbox::on_writable() will be called
    dead,     // the connection is gone
  };
  // `frames` are whole frames, so that a control frame may be put between two writes.
  virtual Took write(std::string_view frames) = 0;
  // The outbox went over its limit: the connection is to be closed. Called at the end of the turn.
  virtual void overflowed() = 0;

 protected:
  ~Sink() = default;
};

class Flusher {
 public:
  explicit Flusher(Counters& counters) : counters_(counters) {}
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;

  // Writes every dirty outbox. Whoever shares chunks closes them first (Channels::end_turn does both).
  void flush();
  // Tells the sinks of outboxes that overflowed. REQUIRES: nothing is iterating over subscribers.
  void report_overflows();

  bool busy() const { return !dirty_.empty() || !overflowed_.empty(); }

  std::uint64_t waiting_bytes() const { return waiting_bytes_; }
  std::uint64_t waiting_boxes() const { return waiting_boxes_; }

 private:
  friend class Outbox;
  void prefetch(std::size_t i) const;
  Counters& counters_;
  std::vector<Outbox*> dirty_;
  std::vector<Outbox*> overflowed_;
  std::string scratch_;  // where several segments are gathered into one write
  std::uint64_t waiting_bytes_ = 0;
  std::uint64_t waiting_boxes_ = 0;
};

class Outbox {
 public:
  enum class Push { queued, full };

  // `limit`: bytes that may wait for the kernel.
  Outbox(Flusher& flusher, Sink& sink, std::size_t limit) : flusher_(flusher), sink_(sink), limit_(limit) {}
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Queues one frame. `full`: it does not fit behind the backlog; the box takes nothing more and its sink is told.
  Push push(const MessageRef& message);
  // The same, but written at once when nothing waits: for the reply to the message that is being handled.
  Push push_now(const MessageRef& message);
  // Queues a control frame behind what waits; it is bounded by nothing and counted as no message.
  void push_control(const MessageRef& frame);
  // Opens a segment that grows with `chunk` until it is sealed. REQUIRES: !backlogged(), no open segment of it.
  void push_open(const ChunkRef& chunk);
  // Ends the open segment, if it is one of `chunk`.
  void seal(const Chunk& chunk);

  // The kernel refuses: what is pushed now waits.
  bool backlogged() const { return blocked_; }
  bool overflowed() const { return overflowed_; }
  bool empty() const { return head_ == segments_.size() && !blocked_; }
  void set_limit(std::size_t limit) { limit_ = limit; }
  std::size_t waiting() const { return waiting_ + in_transport_; }

  // The kernel takes again what it refused.
  void on_writable();
  // Forgets what waits, counting it as dropped; an overflowed box takes control frames again.
  void discard(Counter reason);

 private:
  friend class Flusher;
  static constexpr std::uint32_t kOpen = ~std::uint32_t{0};

  struct Segment {
    ChunkRef chunk;      // either a range of a chunk …
    MessageRef message;  // … or one whole frame
    std::uint32_t begin = 0, end = 0;
    std::uint32_t first_message = 0, messages = 1;
    std::string_view view() const { return chunk ? chunk->view(begin, end) : message->frame(); }
  };

  void seal_tail();
  void add(Segment segment);
  void flush();
  std::string_view gather(std::size_t& segments);
  void taken(std::size_t segments);
  void mark_dirty();
  void mark_overflowed();
  void set_waiting(std::size_t bytes);

  Flusher& flusher_;
  Sink& sink_;
  std::vector<Segment> segments_;  // [head_, end): in order
  std::size_t limit_;
  std::size_t waiting_ = 0;       // bytes of sealed segments
  std::size_t in_transport_ = 0;  // bytes of the write that the kernel did not take whole
  std::uint32_t head_ = 0;
  bool tail_open_ = false;
  bool dirty_ = false;
  bool blocked_ = false;
  bool overflowed_ = false;
};

}  // namespace dunlin

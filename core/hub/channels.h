// SPDX-License-Identifier: Apache-2.0
// Channels: who is subscribed to what on this worker, and how a publish reaches them.
//
// Small messages are copied once into the channel's chunk of this turn and reach every subscriber through the open
// segment in its outbox; large ones, and those to a single subscriber, are pushed by reference. Invariant: while a
// channel has a chunk, each subscriber either has an open segment of it or is one of its stragglers. All [worker].
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/message.h"
#include "core/hub/memberships.h"
#include "core/hub/outbox.h"

namespace dunlin {

class Channels;
class Subscriber;

// Lies in the index of channels itself, and knows the outboxes: where 100,000 take turns, each step from one object to the
// next is a wait for memory.
struct Channel {
  struct Member {
    Subscriber* subscriber;
    Outbox* outbox;       // the subscriber's
    std::uint32_t index;  // in the subscriber's Memberships
  };
  const std::string* name = nullptr;  // the key in the index
  std::vector<Member> members;
  ChunkRef chunk;
};

// One connection's memberships. Leaves everything when it is destroyed.
class Subscriber {
 public:
  Subscriber(Channels& channels, Outbox& outbox, ClientId id = {}) : channels_(channels), outbox_(outbox), id_(id) {}
  ~Subscriber() { leave_all(); }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // False: it was (subscribe) or was not (unsubscribe) subscribed before; nothing changed.
  bool subscribe(std::string_view channel);
  bool unsubscribe(std::string_view channel);
  void leave_all();
  bool subscribed(std::string_view channel) const;
  std::size_t count() const { return memberships_.count(); }

 private:
  friend class Channels;
  void leave(std::uint32_t index);

  Channels& channels_;
  Outbox& outbox_;
  const ClientId id_;
  Memberships memberships_;
};

class Channels {
 public:
  Channels(Flusher& flusher, Counters& counters);
  ~Channels();  // REQUIRES: no subscriber is left
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;

  struct Delivered {
    std::uint64_t success = 0, fail = 0;
  };
  // Hands `message` to the outbox of every subscriber. fail: outboxes that are over their limit.
  Delivered publish(std::string_view channel, const MessageRef& message);

  // Told when a channel gets its first subscriber (true) and when its last has left (false).
  void on_interest(std::function<void(std::string_view channel, bool wanted)> tell) { interest_ = std::move(tell); }

  // The same with a message of its own for each subscriber; who has none in the list counts as failed.
  using OwnMessages = std::unordered_map<ClientId, MessageRef>;
  Delivered publish_each(std::string_view channel, const OwnMessages& messages);
  std::vector<ClientId> subscribers(std::string_view channel) const;
  bool has(std::string_view channel) const { return find(channel) != nullptr; }

  // Closes the turn's chunks and writes every dirty outbox.
  void end_turn();
  // The first half of it, where several share a Flusher.
  void close_chunks();

  std::size_t count() const { return channels_.size(); }
  std::size_t subscriptions() const { return subscriptions_; }

 private:
  friend class Subscriber;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  const Channel* find(std::string_view name) const;
  Channel* find(std::string_view name) { return const_cast<Channel*>(std::as_const(*this).find(name)); }
  Channel& get(std::string_view name);
  void drop_if_empty(Channel& channel);
  Delivered push_each(Channel& channel, const MessageRef& message);
  Delivered append(Channel& channel, const MessageRef& message);
  void open_chunk(Channel& channel, std::size_t frame);
  void close_chunk(Channel& channel);

  Flusher& flusher_;
  Counters& counters_;
  std::unordered_map<std::string, Channel, Hash, std::equal_to<>> channels_;
  std::vector<Channel*> chunked_;  // channels with a chunk
  std::size_t subscriptions_ = 0;
  std::function<void(std::string_view, bool)> interest_;
};

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
#include "core/hub/channels.h"

#include <algorithm>

#include "core/base/check.h"

namespace dunlin {

namespace {

// From here on a frame is pushed by reference: copying it would cost more than one segment each.
constexpr std::size_t kLarge = 8 * 1024;

constexpr auto keep_index = [](const Memberships::Entry& entry, std::uint32_t index) { entry.channel->members[entry.place].index = index; };

}  // namespace

bool Subscriber::subscribed(std::string_view name) const {
  const Channel* channel = channels_.find(name);
  return channel && memberships_.find(channel) != Memberships::kNone;
}

bool Subscriber::subscribe(std::string_view name) {
  Channel& channel = channels_.get(name);
  if (memberships_.find(&channel) != Memberships::kNone) return false;
  const std::uint32_t index = memberships_.add({&channel, static_cast<std::uint32_t>(channel.members.size())}, keep_index);
  channel.members.push_back({this, &outbox_, index});
  if (channel.chunk) channel.chunk->stragglers.push_back(&outbox_);
  ++channels_.subscriptions_;
  return true;
}

bool Subscriber::unsubscribe(std::string_view name) {
  const Channel* channel = channels_.find(name);
  const std::uint32_t index = channel ? memberships_.find(channel) : Memberships::kNone;
  if (index == Memberships::kNone) return false;
  leave(index);
  return true;
}

// From the end, so that hardly any moves.
void Subscriber::leave_all() {
  for (std::uint32_t i = memberships_.slots(); i-- > 0;)
    while (memberships_.count() > 0 && memberships_[i].channel) leave(i);
}

// O(1): in the channel the last takes the place of what leaves.
void Subscriber::leave(std::uint32_t index) {
  Channel& channel = *memberships_[index].channel;
  if (channel.chunk) {
    outbox_.seal(*channel.chunk.get());
    std::erase(channel.chunk->stragglers, &outbox_);
  }
  const std::uint32_t place = memberships_[index].place;
  channel.members[place] = channel.members.back();
  channel.members[place].subscriber->memberships_[channel.members[place].index].place = place;
  channel.members.pop_back();
  memberships_.remove(index, keep_index);
  --channels_.subscriptions_;
  channels_.drop_if_empty(channel);
}

Channels::Channels(Flusher& flusher, Counters& counters) : flusher_(flusher), counters_(counters) {}

Channels::~Channels() { CHECK(channels_.empty()); }

const Channel* Channels::find(std::string_view name) const {
  const auto found = channels_.find(name);
  return found == channels_.end() ? nullptr : &found->second;
}

Channel& Channels::get(std::string_view name) {
  if (Channel* channel = find(name)) return *channel;
  const auto added = channels_.try_emplace(std::string(name)).first;
  added->second.name = &added->first;
  if (interest_) interest_(name, true);
  return added->second;
}

void Channels::drop_if_empty(Channel& channel) {
  if (!channel.members.empty()) return;
  if (channel.chunk) {
    close_chunk(channel);
    std::erase(chunked_, &channel);
  }
  if (interest_) interest_(*channel.name, false);
  channels_.erase(channels_.find(*channel.name));
}

Channels::Delivered Channels::publish(std::string_view name, const MessageRef& message) {
  Channel* channel = find(name);
  if (!channel) return {};
  const std::size_t frame = message->frame().size();
  const Delivered delivered = channel->members.size() == 1 || frame >= kLarge ? push_each(*channel, message)
                                                                              : append(*channel, message);
  counters_.add(Counter::deliveries, delivered.success);
  counters_.add(Counter::drop_slow, delivered.fail);
  return delivered;
}

Channels::Delivered Channels::publish_each(std::string_view name, const OwnMessages& messages) {
  Delivered delivered;
  std::uint64_t slow = 0;
  const Channel* channel = find(name);
  if (!channel) return delivered;
  for (const Channel::Member& member : channel->members) {
    const auto own = messages.find(member.subscriber->id_);
    const bool made = own != messages.end() && own->second;
    const bool queued = made && member.outbox->push(own->second) == Outbox::Push::queued;
    ++(queued ? delivered.success : delivered.fail);
    if (made && !queued) ++slow;
  }
  counters_.add(Counter::deliveries, delivered.success);
  counters_.add(Counter::drop_slow, slow);
  return delivered;
}

std::vector<ClientId> Channels::subscribers(std::string_view name) const {
  std::vector<ClientId> ids;
  if (const Channel* channel = find(name))
    for (const Channel::Member& member : channel->members) ids.push_back(member.subscriber->id_);
  return ids;
}

Channels::Delivered Channels::push_each(Channel& channel, const MessageRef& message) {
  Delivered delivered;
  for (const Channel::Member& member : channel.members)
    ++(member.outbox->push(message) == Outbox::Push::queued ? delivered.success : delivered.fail);
  return delivered;
}

Channels::Delivered Channels::append(Channel& channel, const MessageRef& message) {
  const std::string_view frame = message->frame();
  // A full chunk is written out in the middle of the turn: memory stays bounded however long the turn.
  if (channel.chunk && channel.chunk->size() + frame.size() > Chunk::kCapacity) end_turn();
  if (!channel.chunk) open_chunk(channel, frame.size());

  Delivered delivered{channel.members.size(), 0};
  std::vector<Outbox*>& stragglers = channel.chunk->stragglers;
  std::size_t kept = 0;
  // By index and size read once: push_open seals a segment of another chunk, push one of no chunk: none grows this list.
  for (std::size_t i = 0; i < stragglers.size(); ++i) {
    Outbox* box = stragglers[i];
    if (!box->backlogged() && !box->overflowed()) {
      box->push_open(channel.chunk);
    } else {
      if (box->push(message) == Outbox::Push::full) {
        --delivered.success;
        ++delivered.fail;
      }
      stragglers[kept++] = box;
    }
  }
  stragglers.resize(kept);
  channel.chunk->append(frame);
  return delivered;
}

void Channels::open_chunk(Channel& channel, std::size_t frame) {
  channel.chunk = ChunkRef(new Chunk(frame));
  channel.chunk->stragglers.reserve(channel.members.size());
  for (const Channel::Member& member : channel.members) channel.chunk->stragglers.push_back(member.outbox);
  chunked_.push_back(&channel);
}

void Channels::close_chunk(Channel& channel) {
  channel.chunk->closed = true;
  channel.chunk->stragglers = {};
  channel.chunk = ChunkRef();
}

void Channels::close_chunks() {
  for (Channel* channel : chunked_) close_chunk(*channel);
  chunked_.clear();
}

void Channels::end_turn() {
  close_chunks();
  flusher_.flush();
}

}  // namespace dunlin

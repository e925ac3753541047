// SPDX-License-Identifier: Apache-2.0
#include "core/session/fanout.h"

namespace dunlin {

Channels& Fanout::of(Protocol protocol, const ServedEndpoint& served) {
  if (protocol == Protocol::websocket) return websockets_;
  Group& group = packets_[served.listener];
  if (!group.channels) {
    group.channels = std::make_unique<Channels>(flusher_, counters_);
    group.modules = &served.modules;
  }
  return *group.channels;
}

void Fanout::serve(Served& served) {
  for (auto& [listener, group] : packets_) group.modules = &served.at(listener, 0).modules;
}

Channels::Delivered Fanout::publish(std::string_view channel, const MessageRef& message) {
  Channels::Delivered all = websockets_.publish(channel, message);
  for (const auto& [listener, group] : packets_) {
    if (!group.channels->has(channel)) continue;
    const Channels::Delivered some = publish_packets(group, channel, *message.operator->());
    all.success += some.success;
    all.fail += some.fail;
  }
  return all;
}

// A message that cannot be encoded for all at once is not delivered to any of them. A framer may do as it likes to the
// subscriptions meanwhile: who is subscribed is asked again when it is done.
Channels::Delivered Fanout::publish_packets(const Group& group, std::string_view channel, const Message& message) {
  const Encoded encoded = modules_->encode(*group.modules, {}, message);
  if (encoded.outcome == Encoded::Outcome::done) return group.channels->publish(channel, encoded.bytes);
  Channels::OwnMessages messages;
  const std::vector<ClientId> ids = group.channels->subscribers(channel);
  if (encoded.outcome == Encoded::Outcome::each)
    for (const ClientId id : ids) {
      Encoded own = modules_->encode(*group.modules, id, message);
      if (own.bytes) messages.emplace(id, std::move(own.bytes));
    }
  counters_.add(Counter::drop_encode, ids.size() - messages.size());
  return group.channels->publish_each(channel, messages);
}

void Fanout::end_turn() {
  for (const auto& [listener, group] : packets_) group.channels->close_chunks();
  websockets_.end_turn();
}

std::size_t Fanout::channels() const {
  std::size_t count = websockets_.count();
  for (const auto& [listener, group] : packets_) count += group.channels->count();
  return count;
}

std::size_t Fanout::subscriptions() const {
  std::size_t count = websockets_.subscriptions();
  for (const auto& [listener, group] : packets_) count += group.channels->subscriptions();
  return count;
}

}  // namespace dunlin

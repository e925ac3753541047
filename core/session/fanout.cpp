// SPDX-License-Identifier: Apache-2.0
#include "core/session/fanout.h"

namespace dunlin {

Fanout::Fanout(Channels& websockets, Flusher& flusher, Counters& counters)
    : websockets_(websockets), flusher_(flusher), counters_(counters), compressor_(counters) {
  watch(websockets_);
}

template <class Visit>
void Fanout::each(const Visit& visit) const {
  visit(websockets_);
  for (const Deflated& group : deflated_) visit(*group.channels);
  for (const auto& [listener, group] : packets_) visit(*group.channels);
}

// A channel is wanted while any of them has it. The one that tells has it in either case.
void Fanout::watch(Channels& channels) {
  channels.on_interest([this, &channels](std::string_view name, bool wanted) {
    bool elsewhere = false;
    each([&](const Channels& other) { elsewhere = elsewhere || (&other != &channels && other.has(name)); });
    if (elsewhere) return;
    if (wanted) ++channels_;
    else --channels_;
    if (interest_) interest_(name, wanted);
  });
}

std::unique_ptr<Channels> Fanout::make_channels() {
  auto channels = std::make_unique<Channels>(flusher_, counters_);
  watch(*channels);
  return channels;
}

Channels& Fanout::of(Protocol protocol, const ServedEndpoint& served, unsigned window_bits) {
  if (protocol == Protocol::websocket) return window_bits == 0 ? websockets_ : deflated(served, window_bits);
  Group& group = packets_[served.listener];
  if (!group.channels) {
    group.channels = make_channels();
    group.modules = &served.modules;
  }
  return *group.channels;
}

Channels& Fanout::deflated(const ServedEndpoint& served, unsigned window_bits) {
  for (const Deflated& group : deflated_)
    if (group.listener == served.listener && group.endpoint == served.index && group.window_bits == window_bits)
      return *group.channels;
  deflated_.push_back({.listener = served.listener, .endpoint = served.index, .window_bits = window_bits,
                       .threshold = served.endpoint.compression.from(), .channels = make_channels()});
  return *deflated_.back().channels;
}

void Fanout::serve(Served& served) {
  for (auto& [listener, group] : packets_) group.modules = &served.at(listener, 0).modules;
  for (Deflated& group : deflated_) group.threshold = served.at(group.listener, group.endpoint).endpoint.compression.from();
}

Channels::Delivered Fanout::publish(std::string_view channel, const MessageRef& message) {
  Channels::Delivered all = websockets_.publish(channel, message);
  const auto add = [&all](const Channels::Delivered& some) {
    all.success += some.success;
    all.fail += some.fail;
  };
  for (const Deflated& group : deflated_)
    if (group.channels->has(channel))
      add(group.channels->publish(channel, compressor_.choose(message, group.window_bits, group.threshold)));
  for (const auto& [listener, group] : packets_)
    if (group.channels->has(channel)) add(publish_packets(group, channel, *message.operator->()));
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
  for (const Deflated& group : deflated_) group.channels->close_chunks();
  for (const auto& [listener, group] : packets_) group.channels->close_chunks();
  websockets_.end_turn();
}

std::size_t Fanout::subscriptions() const {
  std::size_t count = 0;
  each([&](const Channels& channels) { count += channels.subscriptions(); });
  return count;
}

}  // namespace dunlin

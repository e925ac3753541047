// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/queue_links.h"

#include <algorithm>

#include "core/base/channel_name.h"
#include "core/base/json.h"

namespace dunlin {
namespace {

constexpr std::int64_t kBeat = 1000, kAskAgain = 500;
constexpr std::int64_t kLong = 1000;        // under way that long: its consumer is slow, or it was lost
constexpr std::size_t kRangesKept = 256;    // of what was missed; each has been told when it was noticed
constexpr std::size_t kHeldBytes = 16 * 1024;  // kept free in a consumer's frame for what it holds

std::uint64_t stream_of(std::uint64_t sequence) { return sequence >> wire::kStreamBits; }

}  // namespace

// Numbered only when it goes: what the engine refuses is not missing at the other.
template <class Frame>
bool QueueLinks::say(Links::value_type& link, Frame frame) {
  frame.boot = boot_;
  frame.sequence = link.second.out + 1;
  if (!up_ || !host_.send(link.first, wire::encode(std::move(frame)))) return false;
  ++link.second.out;
  return true;
}

void QueueLinks::beat(Links::value_type& link, bool ask) {
  link.second.next_beat = now_ + kBeat;
  if (up_) host_.send(link.first, wire::encode(wire::QueueBeat{boot_, link.second.out, link.second.in, ask}));
}

void QueueLinks::ask(Links::value_type& link) {
  if (link.second.asked != 0 && now_ - link.second.asked < kAskAgain) return;
  link.second.asked = now_;
  beat(link, true);
}

void QueueLinks::tell_state(Links::value_type& link) {
  link.second.owed = true;
  if (!flush_settled(link)) return;
  std::map<std::uint64_t, std::vector<std::uint64_t>> held;
  for (const auto& [id, consumer] : link.second.held) held[consumer].push_back(id);
  const std::uint64_t state = ++states_;
  std::size_t told = 0;
  for (const auto& [id, own] : own_) {
    if (own.bytes + kHeldBytes > host_.largest()) continue;
    wire::QueueConsumer frame = introduce(id, own);
    frame.state = state;
    frame.held = held[id];
    if (!say(link, std::move(frame))) return;
    ++told;
  }
  wire::QueueEnd end{.state = state, .consumers = told, .received = link.second.in, .missed = {}};
  for (const auto& [first, last] : link.second.missed) end.missed.insert(end.missed.end(), {first, last});
  link.second.owed = !say(link, std::move(end));
}

wire::QueueConsumer QueueLinks::introduce(std::uint64_t consumer, const Own& own) const {
  wire::QueueConsumer frame{.consumer = consumer, .ack = own.ack, .topics = {}, .held = {}};
  frame.topics.assign(own.topics.begin(), own.topics.end());
  return frame;
}

// One with more topics than a frame has room for is this node's only: docs/cluster.md.
void QueueLinks::joined(std::uint64_t consumer, std::vector<std::string> topics, bool ack) {
  std::size_t bytes = 0;
  for (const std::string& topic : topics) bytes += topic.size() + 8;
  const Own& own = own_.emplace(consumer, Own{std::move(topics), ack, bytes}).first->second;
  if (bytes + kHeldBytes > host_.largest()) return;
  for (auto& link : links_)
    if (!say(link, introduce(consumer, own))) link.second.owed = true;
}

void QueueLinks::left(std::uint64_t consumer) {
  if (own_.erase(consumer) == 0) return;
  for (auto& link : links_) {
    if (!flush_settled(link) || !say(link, wire::QueueLeave{.consumer = consumer})) link.second.owed = true;
    std::erase_if(link.second.held, [consumer](const auto& row) { return row.second == consumer; });
  }
}

void QueueLinks::settled(unsigned node, std::uint64_t consumer, const std::vector<std::uint64_t>& ids) {
  Links::value_type* link = find(node);
  if (!link) return;
  std::vector<std::uint64_t>& some = link->second.settled[consumer];
  for (const std::uint64_t id : ids)
    if (link->second.held.erase(id) > 0) some.push_back(id);
}

// What cannot be told now is told before everything else: a leave would give it to others.
bool QueueLinks::flush_settled(Links::value_type& link) {
  auto& settled = link.second.settled;
  for (; !settled.empty(); settled.erase(settled.begin())) {
    const auto& [consumer, ids] = *settled.begin();
    if (!ids.empty() && !say(link, wire::QueueSettle{.consumer = consumer, .ids = ids})) return false;
  }
  return true;
}

void QueueLinks::acknowledge(unsigned node, std::uint64_t consumer, std::vector<std::uint64_t> ids,
                             std::function<void(std::size_t)> done) {
  Links::value_type* link = find(node);
  const std::uint64_t ticket = next_ticket_++;
  if (!link || !up_ || !host_.send(link->first, wire::encode(wire::QueueAck{boot_, ticket, consumer, std::move(ids)}))) {
    if (done) done(0);
    return;
  }
  if (done) acks_.emplace(ticket, Acking{link->first, now_ + deadline_ms_, std::move(done)});
}

void QueueLinks::give(std::uint64_t joined, const QueueParcel& parcel) {
  Links::value_type* link = find(static_cast<unsigned>(joined >> 48));
  if (!link) return;  // it left, and its topics know or will: the message is in them again then
  const auto consumer = link->second.joined.find(joined);
  if (consumer == link->second.joined.end()) return;
  const wire::QueueGive frame{.consumer = consumer->second, .id = parcel.id, .client = parcel.client, .topic = parcel.topic,
                              .data = parcel.data};
  Remote& remote = link->second.remotes.at(consumer->second);
  if (say(*link, frame)) {
    if (!remote.ack) link->second.given[parcel.id] = {consumer->second, link->second.out, now_};
    return;
  }
  if (!std::exchange(remote.paused, true)) host_.pause(joined, true);
  host_.give_back(joined, {parcel.id});
}

QueueLinks::Links::value_type* QueueLinks::find(unsigned number) {
  const auto found = std::find_if(links_.begin(), links_.end(), [number](const auto& row) { return row.second.number == number; });
  return found == links_.end() ? nullptr : &*found;
}

void QueueLinks::on_engine(bool up) {
  up_ = up;
  for (auto& link : links_) {
    if (!up) {
      for (auto& [consumer, remote] : link.second.remotes)
        if (!std::exchange(remote.paused, true)) host_.pause(remote.joined, true);
      continue;
    }
    link.second.owed |= !own_.empty();
    beat(link, true);
  }
}

void QueueLinks::on_member(std::uint64_t boot, unsigned number) {
  const auto [row, fresh] = links_.try_emplace(boot);
  row->second.number = number;
  if (!fresh) return;
  row->second.out = ++streams_ << wire::kStreamBits;
  row->second.owed = !own_.empty();
  beat(*row, true);  // it may have consumers since before it was known here
}

// Whether what it was given has reached a consumer is known only where the consumer itself left, and nothing is missing
// of what its node said before.
void QueueLinks::drop_remote(Link& link, std::uint64_t consumer, bool known) {
  std::vector<std::uint64_t> lost;
  std::erase_if(link.given, [&](const auto& row) {
    if (row.second.consumer != consumer) return false;
    if (!known) lost.push_back(row.first);
    return true;
  });
  const auto remote = link.remotes.find(consumer);
  const std::uint64_t joined = remote->second.joined;
  link.joined.erase(joined);
  link.remotes.erase(remote);
  host_.leave(joined, lost);
}

void QueueLinks::forget(Link& link) {
  while (!link.remotes.empty()) drop_remote(link, link.remotes.begin()->first, false);
  link.held.clear();
  link.settled.clear();
  link.missed.clear();
  link.state = {};
}

void QueueLinks::on_member_lost(std::uint64_t boot) {
  const auto link = links_.find(boot);
  if (link == links_.end()) return;
  forget(link->second);
  links_.erase(link);
  std::vector<std::uint64_t> tickets;
  for (const auto& [ticket, acking] : acks_)
    if (acking.boot == boot) tickets.push_back(ticket);
  for (const std::uint64_t ticket : tickets) finish(ticket, 0);
}

void QueueLinks::finish(std::uint64_t ticket, std::size_t count) {
  const auto found = acks_.find(ticket);
  if (found == acks_.end()) return;
  const auto done = std::move(found->second.done);
  acks_.erase(found);
  done(count);
}

void QueueLinks::on_tick(std::int64_t now) {
  now_ = now;
  std::vector<std::uint64_t> late;
  for (const auto& [ticket, acking] : acks_)
    if (acking.due <= now) late.push_back(ticket);
  for (const std::uint64_t ticket : late) finish(ticket, 0);
  if (!up_) return;
  for (auto& link : links_) {
    Link& one = link.second;
    for (auto& [consumer, remote] : one.remotes)
      if (std::exchange(remote.paused, false)) host_.pause(remote.joined, false);
    const bool slow = std::any_of(one.given.begin(), one.given.end(), [now](const auto& row) { return now - row.second.at >= kLong; });
    if (!one.sound) ask(link);
    else if (now >= one.next_beat && ((one.out | one.in) & wire::kStreamMask) != 0) beat(link, slow);
  }
}

void QueueLinks::on_turn() {
  for (auto& link : links_) {
    flush_settled(link);
    if (link.second.owed && up_) tell_state(link);
  }
}

void QueueLinks::gap(Link& link, std::uint64_t first, std::uint64_t last) {
  link.missed.emplace_back(first, last);
  if (link.missed.size() > kRangesKept) link.missed.pop_front();
  link.sound = false;
  link.owed = true;  // it learns what did not arrive
  link.state = {};
}

// False: it has come already.
bool QueueLinks::in_order(Links::value_type& row, std::uint64_t sequence) {
  Link& link = row.second;
  if (link.in == 0 || stream_of(sequence) != stream_of(link.in)) {
    // The other has lost sight of this node in between: what it held of this node's is not known any more.
    if (link.in != 0) forget(link);
    link.in = stream_of(sequence) << wire::kStreamBits;
    link.sound = true;
  }
  if (sequence <= link.in) return false;
  if (sequence > link.in + 1) gap(link, link.in + 1, sequence - 1);
  link.in = sequence;
  if (!link.sound) ask(row);
  return true;
}

void QueueLinks::noticed_sent(Links::value_type& row, std::uint64_t sent) {
  if (in_order(row, sent + 1)) --row.second.in;
}

bool QueueLinks::on(Links::value_type& link, const wire::QueueBeat& frame) {
  noticed_sent(link, frame.sent);
  if (frame.received != 0 && stream_of(frame.received) != stream_of(link.second.out)) link.second.owed = true;
  if (frame.ask && (!own_.empty() || (link.second.out & wire::kStreamMask) != 0)) tell_state(link);
  return true;
}

bool QueueLinks::on(Links::value_type& row, const wire::QueueConsumer& frame) {
  Link& link = row.second;
  if (frame.consumer >> 48 != link.number || frame.topics.empty()) return false;
  std::vector<std::string> topics(frame.topics.begin(), frame.topics.end());
  if (!std::all_of(topics.begin(), topics.end(), [](const auto& one) { return valid_channel(one); })) return false;
  if (!in_order(row, frame.sequence)) return true;
  const std::uint64_t joined = std::uint64_t{link.number} << 48 | (joins_ + 1);
  if (link.remotes.emplace(frame.consumer, Remote{joined, frame.ack != 0}).second) {
    ++joins_;
    link.joined.emplace(joined, frame.consumer);
    host_.join(joined, std::move(topics), frame.ack != 0);
  }
  if (frame.state == 0) return true;
  if (link.state.number != frame.state) link.state = {.number = frame.state, .consumers = {}, .held = {}};
  link.state.consumers.insert(frame.consumer);
  link.state.held.insert(frame.held.begin(), frame.held.end());
  return true;
}

bool QueueLinks::on(Links::value_type& row, const wire::QueueEnd& frame) {
  Link& link = row.second;
  if (frame.missed.size() % 2 != 0) return false;
  if (!in_order(row, frame.sequence)) return true;
  const State state = std::exchange(link.state, {});
  const bool whole = frame.consumers == 0 || (state.number == frame.state && state.consumers.size() == frame.consumers);
  std::map<std::uint64_t, std::vector<std::uint64_t>> back, done;
  std::erase_if(link.given, [&](const auto& given) {
    const auto& [consumer, sequence, at] = given.second;
    bool missed = false;
    for (std::size_t i = 0; i < frame.missed.size(); i += 2) missed |= frame.missed[i] <= sequence && sequence <= frame.missed[i + 1];
    // Of a consumer that has vanished it cannot be told; see below.
    const bool settled = whole && sequence <= frame.received && state.consumers.contains(consumer) && !state.held.contains(given.first);
    if (missed) back[consumer].push_back(given.first);
    else if (settled) done[consumer].push_back(given.first);
    return missed || settled;
  });
  for (const auto& [consumer, ids] : back) host_.give_back(link.remotes.at(consumer).joined, ids);
  for (const auto& [consumer, ids] : done) host_.done(link.remotes.at(consumer).joined, ids);
  if (!whole) return true;
  std::vector<std::uint64_t> gone;
  for (const auto& [consumer, remote] : link.remotes)
    if (!state.consumers.contains(consumer)) gone.push_back(consumer);
  for (const std::uint64_t consumer : gone) drop_remote(link, consumer, false);
  link.sound = true;
  link.asked = 0;
  return true;
}

bool QueueLinks::on(Links::value_type& row, const wire::QueueLeave& frame) {
  if (in_order(row, frame.sequence) && row.second.remotes.contains(frame.consumer))
    drop_remote(row.second, frame.consumer, row.second.sound);
  return true;
}

bool QueueLinks::on(Links::value_type& row, const wire::QueueGive& frame) {
  if (!valid_channel(frame.topic) || !is_utf8(frame.data) || frame.id >> 49 != row.second.number) return false;
  if (!in_order(row, frame.sequence)) return true;
  const auto own = own_.find(frame.consumer);
  if (own == own_.end()) return true;  // it left: the other hears that, and gives the message to others
  if (!own->second.ack) row.second.held[frame.id] = frame.consumer;
  host_.take(frame.consumer, {frame.id, frame.client, frame.topic, frame.data}, row.first);
  return true;
}

bool QueueLinks::on(Links::value_type& row, const wire::QueueSettle& frame) {
  if (!in_order(row, frame.sequence)) return true;
  for (const std::uint64_t id : frame.ids) row.second.given.erase(id);
  const auto remote = row.second.remotes.find(frame.consumer);
  if (remote != row.second.remotes.end()) host_.done(remote->second.joined, frame.ids);
  return true;
}

bool QueueLinks::on(Links::value_type& row, const wire::QueueAck& frame) {
  const auto answer = [this, boot = row.first, ticket = frame.ticket](std::size_t count) {
    if (up_) host_.send(boot, wire::encode(wire::QueueAcked{boot_, ticket, count}));
  };
  const auto remote = row.second.remotes.find(frame.consumer);
  if (remote == row.second.remotes.end()) answer(0);
  else host_.acknowledge(remote->second.joined, frame.ids, answer);
  return true;
}

bool QueueLinks::on(Links::value_type&, const wire::QueueAcked& frame) {
  finish(frame.ticket, static_cast<std::size_t>(frame.count));
  return true;
}

template <class Frame>
bool QueueLinks::handle(std::string_view bytes) {
  Frame frame;
  if (!wire::decode(bytes, frame)) return false;
  const auto link = links_.find(frame.boot);
  return link == links_.end() || on(*link, frame);  // of one that is not known yet: a beat will show what was missed
}

bool QueueLinks::on_frame(wire::Type type, std::string_view bytes) {
  switch (type) {
    case wire::Type::queue_beat: return handle<wire::QueueBeat>(bytes);
    case wire::Type::queue_consumer: return handle<wire::QueueConsumer>(bytes);
    case wire::Type::queue_end: return handle<wire::QueueEnd>(bytes);
    case wire::Type::queue_leave: return handle<wire::QueueLeave>(bytes);
    case wire::Type::queue_give: return handle<wire::QueueGive>(bytes);
    case wire::Type::queue_settle: return handle<wire::QueueSettle>(bytes);
    case wire::Type::queue_ack: return handle<wire::QueueAck>(bytes);
    case wire::Type::queue_acked: return handle<wire::QueueAcked>(bytes);
    default: return false;
  }
}

}  // namespace dunlin

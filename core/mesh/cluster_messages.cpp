// SPDX-License-Identifier: Apache-2.0
// The way of messages between nodes, and of their answers.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/base/json.h"
#include "core/mesh/cluster.h"

namespace dunlin {
namespace {

constexpr std::string_view kFunctionNames[] = {
#define DUNLIN_NAME(name, arguments) #name,
    DUNLIN_CONN_FUNCTIONS(DUNLIN_NAME)
#undef DUNLIN_NAME
};
constexpr std::size_t kFewestArguments[] = {2, 1, 0, 0, 2, 0};  // in the order of the names
static_assert(std::size(kFunctionNames) == std::size(kFewestArguments));

constexpr std::int64_t kTellLate = 1000;  // of one node
constexpr const char* kUnreachable = "the connection's node cannot be reached now";

bool deliverable(std::uint64_t kind, std::string_view payload) {
  return kind == static_cast<std::uint64_t>(Kind::binary) ||
         (kind == static_cast<std::uint64_t>(Kind::text) && is_utf8(payload));
}

}  // namespace

// One copy for each node that wants it. Who is not known to want it is not asked: no round trip.
void Cluster::publish(std::string_view channel, const MessageRef& message, Mesh::PublishDone done, std::int64_t now) {
  advance(now);
  const std::uint64_t hash = channel_hash(channel);
  const std::uint64_t ticket = done ? next_ticket_++ : 0;
  Publish pending;
  pending.at = now;
  std::string frame;
  for (auto& [boot, member] : members_) {
    if (!member->interest.wants(hash)) continue;
    if (member->silent) {
      owe(boot, 1);
      continue;
    }
    if (frame.empty())
      frame = wire::encode(wire::Publish{settings_.boot, 0, ticket, static_cast<std::uint64_t>(message->kind()), channel,
                                         message->payload()});
    if (transmit(boot, *member, frame, false)) {
      ++stats_.published;
      pending.missing.insert(boot);
    } else {
      ++pending.tally.fail;
    }
  }
  if (!done) return;
  pending.done = std::move(done);
  const auto there = publishes_.emplace(ticket, std::move(pending)).first;
  if (there->second.missing.empty()) return finish(there);
  due_.push_back({now + settings_.deadline_ms, ticket});
}

// Sends a numbered frame, and counts why not.
bool Cluster::transmit(std::uint64_t boot, ClusterMember& member, std::string& frame, bool asks) {
  if (up_ && frame.size() > host_.largest()) {
    ++stats_.too_large;
    log_.warn("a message is larger than the cluster's engine takes", {{"bytes", frame.size()}, {"most", host_.largest()}});
    return false;
  }
  wire::put_at(frame, wire::kSequenceAt, member.stream->out + 1);
  if (!up_ || !(asks ? host_.ask(boot, frame) : host_.send(boot, frame))) {
    ++stats_.unsent;
    return false;
  }
  ++member.stream->out;
  return true;
}

ClusterStream& Cluster::stream_of(std::uint64_t boot) {
  ClusterStream& stream = streams_[boot];
  stream.until = 0;
  if (stream.out == 0) stream.out = ++begun_ << wire::kStreamBits;
  return stream;
}

// The sender's numbers tell what is missing and what came twice. The first of a stream is 1.
bool Cluster::in_sequence(std::uint64_t boot, std::uint64_t sequence) {
  ClusterStream& stream = streams_[boot];
  if (!members_.contains(boot)) stream.until = now_ + settings_.remember_ms;  // its heartbeat has yet to come
  if (sequence <= stream.in) {
    ++stats_.duplicates;
    return false;
  }
  reached(boot, stream, sequence - 1);
  stream.in = sequence;
  return true;
}

// Everything up to this number should have come.
void Cluster::reached(std::uint64_t boot, ClusterStream& stream, std::uint64_t sequence) {
  const bool same = sequence >> wire::kStreamBits == stream.in >> wire::kStreamBits;
  const std::uint64_t missing = same ? sequence - stream.in : sequence & wire::kStreamMask;
  if (missing == 0) return;
  stream.in = sequence;
  stats_.lost += missing;
  const auto row = members_.find(boot);
  log_.warn("messages from a node were lost on their way",
            {{"node", fmt::format("{:016x}", boot)}, {"name", row == members_.end() ? "" : row->second->info.name}, {"messages", missing}});
}

// What its sender counted and has still not come half a second later is lost: by another way it would be here.
void Cluster::claimed_to_have_sent(std::uint64_t boot, std::uint64_t sequence) {
  constexpr std::int64_t kDetour = 500;
  ClusterStream& stream = *members_.at(boot)->stream;
  if (stream.claimed > stream.in) {
    if (now_ - stream.claimed_at < kDetour) return;
    reached(boot, stream, stream.claimed);
  }
  if (sequence <= stream.in) return;
  stream.claimed = sequence;
  stream.claimed_at = now_;
}

void Cluster::on(const wire::Publish& frame) {
  if (!in_sequence(frame.boot, frame.sequence)) return;
  ++stats_.received;
  if (!valid_channel(frame.channel) || !deliverable(frame.kind, frame.payload)) {
    ++stats_.bad_frames;
    return;
  }
  std::function<void(Tally)> done;
  if (frame.ticket != 0)
    done = [this, boot = frame.boot, ticket = frame.ticket](Tally tally) {
      host_.send(boot, wire::encode(wire::TallyOf{settings_.boot, ticket, tally.success, tally.fail}));
    };
  host_.deliver(frame.channel, Message::make(static_cast<Kind>(frame.kind), frame.payload), std::move(done));
}

void Cluster::on(const wire::TallyOf& frame) { answered(frame.ticket, frame.boot, {frame.success, frame.fail}); }

void Cluster::answered(std::uint64_t ticket, std::uint64_t boot, Tally tally) {
  const auto found = publishes_.find(ticket);
  if (found == publishes_.end() || found->second.missing.erase(boot) == 0) return;  // too late: counted as failed already
  found->second.tally += tally;
  if (found->second.missing.empty()) finish(found);
}

void Cluster::finish(std::unordered_map<std::uint64_t, Publish>::iterator publish) {
  Publish finished = std::move(publish->second);
  publishes_.erase(publish);
  finished.tally.partial = !complete();
  finished.done(finished.tally);
}

void Cluster::missed(std::uint64_t boot) {
  ++stats_.no_answer;
  const auto member = members_.find(boot);
  if (member != members_.end()) ++member->second->late;
}

void Cluster::expire_pending() {
  for (std::deque<Due>* due : {&due_, &calls_due_})
    for (; !due->empty() && due->front().at <= now_; due->pop_front()) expire(due->front().ticket);
  for (auto& [boot, member] : members_) {
    if (member->late == 0 || now_ < member->late_told + kTellLate) continue;
    member->late_told = now_;
    log_.warn("node did not report in time", {{"node", member->info.id}, {"name", member->info.name},
                                              {"publishes", std::exchange(member->late, 0)}});
  }
}

void Cluster::expire(std::uint64_t ticket) {
  if (sends_.contains(ticket)) return finish(ticket, SendStatus::timeout);
  const auto found = publishes_.find(ticket);
  if (found == publishes_.end()) return;
  for (const std::uint64_t boot : found->second.missing) missed(boot);
  found->second.tally.fail += found->second.missing.size();
  finish(found);
}

Cluster::Members::iterator Cluster::owner_of(ClientId id) {
  return std::find_if(members_.begin(), members_.end(), [&](const auto& row) { return !row.second->silent && row.second->number == id.node(); });
}

// So long as a node may have come of which this one has not heard, a number that it does not know says nothing.
void Cluster::send(ClientId id, const MessageRef& message, Mesh::SendDone done, std::int64_t now) {
  advance(now);
  const auto answer = [&done](SendStatus status) {
    if (done) done(status);
  };
  const auto owner = owner_of(id);
  if (owner == members_.end()) return answer(complete() ? SendStatus::no_such_connection : SendStatus::unreachable);
  const std::uint64_t ticket = next_ticket_++;
  std::string frame = wire::encode(wire::Send{settings_.boot, 0, ticket, static_cast<std::uint64_t>(message->kind()),
                                              id.value(), message->payload()});
  if (!transmit(owner->first, *owner->second, frame, true)) return answer(SendStatus::unreachable);
  sends_.emplace(ticket, Sending{owner->first, now, [done = std::move(done)](SendStatus status, std::string_view) {
                                   if (done) done(status);
                                 }});
  due_.push_back({now + settings_.deadline_ms, ticket});
}

void Cluster::on(const wire::Send& frame) {
  if (!in_sequence(frame.boot, frame.sequence)) return;
  if (!deliverable(frame.kind, frame.payload)) {
    ++stats_.bad_frames;
    return;
  }
  host_.deliver_to(ClientId(frame.client), Message::make(static_cast<Kind>(frame.kind), frame.payload),
                   [this, boot = frame.boot, ticket = frame.ticket](SendStatus status) {
                     host_.send(boot, wire::encode(wire::Sent{settings_.boot, ticket, static_cast<std::uint64_t>(status)}));
                   });
}

void Cluster::on(const wire::Sent& frame) {
  const auto status = frame.status <= static_cast<std::uint64_t>(SendStatus::unreachable)
                          ? static_cast<SendStatus>(frame.status)
                          : SendStatus::no_such_connection;
  finish(frame.ticket, status);
}

void Cluster::finish(std::uint64_t ticket, SendStatus status, std::string_view text) {
  const auto found = sends_.find(ticket);
  if (found == sends_.end()) return;
  const Sending finished = std::move(found->second);
  sends_.erase(found);
  finished.done(status, text);
}

// Its process has ended, or it has lost the engine: a connection of it cannot be reached, though it may live. Which it is will
// show.
// What had come to it before, as far as that can be told, has no known outcome.
void Cluster::nobody(std::uint64_t boot) {
  if (const auto rumour = unheard_.find(boot); rumour != unheard_.end()) rumour->second.absent = true;
  std::vector<std::pair<std::uint64_t, SendStatus>> asked;
  for (const auto& [ticket, sending] : sends_)
    if (sending.boot == boot) asked.emplace_back(ticket, sending.late ? SendStatus::timeout : SendStatus::unreachable);
  for (const auto& [ticket, status] : asked) finish(ticket, status);
  std::vector<std::uint64_t> publishes;
  for (const auto& [ticket, publish] : publishes_)
    if (is_late(publish.at) && publish.missing.contains(boot)) publishes.push_back(ticket);
  for (const std::uint64_t ticket : publishes) {
    missed(boot);
    answered(ticket, boot, {0, 1});
  }
}

// The engine says that nobody is there to the question that comes after it has noticed, not to the one before. So who does
// not answer soon is asked anew until the deadline: who waits for a dead node need not wait for that.
void Cluster::ask_late() {
  std::set<std::uint64_t> late;
  for (const auto& [ticket, publish] : publishes_)
    if (is_late(publish.at)) late.insert(publish.missing.begin(), publish.missing.end());
  for (auto& [ticket, sending] : sends_)
    if ((sending.late = is_late(sending.at))) late.insert(sending.boot);
  if (!up_) return;
  for (const std::uint64_t boot : late) host_.ask(boot, heartbeat(false));
}

void Cluster::call(ClientId id, const ConnCall& call, Mesh::CallDone done, std::int64_t now) {
  advance(now);
  const auto owner = owner_of(id);
  if (owner == members_.end())
    return done({false, complete() ? "no such connection" : kUnreachable});
  const std::uint64_t ticket = next_ticket_++;
  wire::Call frame{settings_.boot, ticket, id.value(), kFunctionNames[static_cast<std::size_t>(call.function)], {}};
  frame.arguments.assign(call.arguments.begin(), call.arguments.end());
  const std::string bytes = wire::encode(std::move(frame));
  if (up_ && bytes.size() > host_.largest()) return done({false, "the call is larger than the cluster's engine takes"});
  if (!up_ || !host_.ask(owner->first, bytes)) return done({false, kUnreachable});
  sends_.emplace(ticket, Sending{owner->first, now, [done = std::move(done)](SendStatus status, std::string_view text) {
                                   if (status == SendStatus::sent) return done({true, std::string(text)});
                                   done({false, !text.empty()                         ? std::string(text)
                                                : status == SendStatus::timeout     ? "its node did not report in time"
                                                : status == SendStatus::unreachable ? kUnreachable
                                                                                    : "no such connection"});
                                 }});
  // What it does may wait for others itself, until the same deadline.
  calls_due_.push_back({now + 2 * settings_.deadline_ms, ticket});
}

void Cluster::on(const wire::Call& frame) {
  const auto answer = [this, boot = frame.boot, ticket = frame.ticket](const CallOutcome& outcome) {
    std::string bytes = wire::encode(wire::Called{settings_.boot, ticket, outcome.done ? 1u : 0u, outcome.text});
    if (bytes.size() > host_.largest())
      bytes = wire::encode(wire::Called{settings_.boot, ticket, 0, "what it gives is larger than the cluster's engine takes"});
    host_.send(boot, bytes);
  };
  const auto name = std::find(std::begin(kFunctionNames), std::end(kFunctionNames), frame.function);
  if (name == std::end(kFunctionNames)) return answer({false, "the connection's node does not know this function"});
  const auto row = static_cast<std::size_t>(name - std::begin(kFunctionNames));
  if (frame.arguments.size() < kFewestArguments[row]) return answer({false, "the call lacks an argument"});
  ConnCall call{static_cast<ConnCall::Function>(row), {}};
  call.arguments.assign(frame.arguments.begin(), frame.arguments.end());
  host_.call_here(ClientId(frame.client), call, answer);
}

void Cluster::on(const wire::Called& frame) {
  finish(frame.ticket, frame.done ? SendStatus::sent : SendStatus::no_such_connection, frame.text);
}

template <class Frame>
void Cluster::handle(std::string_view bytes) {
  Frame frame;
  if (!wire::decode(bytes, frame)) {
    ++stats_.bad_frames;
  } else if (frame.boot != settings_.boot) {
    on(frame);
  }
}

void Cluster::received(std::string_view bytes, std::int64_t now) {
  advance(now);
  stats_.bytes_in += bytes.size();
  wire::Type type;
  if (!wire::type_of(bytes, type)) {
    ++stats_.bad_frames;
    return;
  }
  switch (type) {
    case wire::Type::heartbeat: return handle<wire::Heartbeat>(bytes);
    case wire::Type::claim: return handle<wire::Claim>(bytes);
    case wire::Type::taken: return handle<wire::Taken>(bytes);
    case wire::Type::bye: return handle<wire::Bye>(bytes);
    case wire::Type::interest: return handle<wire::Interest>(bytes);
    case wire::Type::ask_interest: return handle<wire::AskInterest>(bytes);
    case wire::Type::whole_interest: return handle<wire::WholeInterest>(bytes);
    case wire::Type::publish: return handle<wire::Publish>(bytes);
    case wire::Type::tally: return handle<wire::TallyOf>(bytes);
    case wire::Type::send: return handle<wire::Send>(bytes);
    case wire::Type::sent: return handle<wire::Sent>(bytes);
    case wire::Type::call: return handle<wire::Call>(bytes);
    case wire::Type::called: return handle<wire::Called>(bytes);
    case wire::Type::knows: return handle<wire::Knows>(bytes);
    case wire::Type::missed: return handle<wire::Missed>(bytes);
    case wire::Type::answered: return handle<wire::Answered>(bytes);
    case wire::Type::heard: return handle<wire::Heard>(bytes);
    default: break;
  }
  if (part_ && !part_->on_frame(type, bytes)) ++stats_.bad_frames;
}

}  // namespace dunlin

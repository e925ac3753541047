// SPDX-License-Identifier: Apache-2.0
// Membership: numbers, heartbeats, who joins and leaves, and what the others want. The way of messages is in
// cluster_messages.cpp.
#include "core/mesh/cluster.h"

#include <algorithm>

#include <fmt/format.h>

namespace dunlin {
namespace {

constexpr std::int64_t kAskAgain = 500;
constexpr std::int64_t kStalled = 1000;  // between two ticks: this node slept, which says nothing about the others

std::string id_of(std::uint64_t boot) { return fmt::format("{:016x}", boot); }

}  // namespace

Cluster::Cluster(Settings settings, ClusterHost& host, InterestFilter& filter, ClusterStats& stats, Log& log)
    : settings_(std::move(settings)), host_(host), filter_(filter), stats_(stats), log_(log), random_(settings_.seed),
      own_(settings_.linger_ms) {}

Cluster::~Cluster() = default;

void Cluster::connected(std::int64_t now) {
  now_ = now;
  up_ = true;
  stats_.connected = 1;
  for (auto& [boot, member] : members_) member->seen = now;  // who is gone has yet to show
  if (part_) part_->on_engine(true);
  if (number_ == 0) return begin_claim();
  host_.broadcast(heartbeat());
}

void Cluster::disconnected(std::int64_t now) {
  now_ = now;
  if (!up_) return;
  up_ = false;
  stats_.connected = 0;
  ++stats_.reconnects;
  if (part_) part_->on_engine(false);
}

// A number is anybody's who says so and hears no objection: from its owner, from who remembers a late owner, or from
// another who claims it at the same time and has the smaller boot.
void Cluster::begin_claim() {
  const auto taken = [this](unsigned number) {
    return departed_.contains(number) ||
           std::any_of(members_.begin(), members_.end(), [&](const auto& row) { return row.second->number == number; });
  };
  do claiming_ = 1 + static_cast<unsigned>(random_() % (ClientId::kMaxNodes - 1));
  while (taken(claiming_));
  claim_until_ = now_ + settings_.claim_ms;
  host_.broadcast(wire::encode(wire::Claim{settings_.boot, claiming_}));
}

void Cluster::on(const wire::Claim& frame) {
  if (number_ != 0) host_.send(frame.boot, heartbeat());  // the newcomer learns at once who is there
  contest(frame.boot, frame.number);
}

void Cluster::contest(std::uint64_t boot, std::uint64_t number) {
  const auto object = [&] {
    wire::Taken taken;
    taken.boot = settings_.boot;
    taken.number = number;
    host_.send(boot, wire::encode(taken));
  };
  const auto late = departed_.find(static_cast<unsigned>(number));
  if (number == number_ || (late != departed_.end() && late->second.first != boot)) return object();
  for (const auto& [other, member] : members_)
    if (member->number == number && other != boot) return object();
  if (number_ != 0 || number != claiming_) return;
  if (settings_.boot < boot) return object();
  begin_claim();
}

void Cluster::on(const wire::Taken& frame) {
  if (number_ == 0 && frame.number == claiming_) begin_claim();
}

std::string Cluster::heartbeat() {
  next_heartbeat_ = now_ + settings_.heartbeat_ms + static_cast<std::int64_t>(random_() % 100);
  const NodeInfo& info = settings_.info;
  wire::Heartbeat frame{.boot = settings_.boot, .number = number_,
                        .started_at_ms = static_cast<std::uint64_t>(info.started_at_ms), .workers = info.workers,
                        .connections = host_.connections(), .interest = own_.number(), .name = info.name,
                        .api_server = info.api_server, .version = info.version};
  return wire::encode(frame);
}

void Cluster::on(const wire::Heartbeat& frame) {
  const auto number = static_cast<unsigned>(frame.number);
  if (number == 0 || number >= ClientId::kMaxNodes) return;
  const auto [there, fresh] = members_.try_emplace(frame.boot);
  if (fresh) {
    there->second = std::make_unique<Member>(filter_);
    there->second->sequence_out = ++streams_ << wire::kStreamBits;
  }
  Member& member = *there->second;
  member.number = number;
  member.seen = now_;
  member.info = {.id = id_of(frame.boot), .name = std::string(frame.name), .api_server = std::string(frame.api_server),
                 .version = std::string(frame.version), .started_at_ms = static_cast<std::int64_t>(frame.started_at_ms),
                 .connections = frame.connections, .workers = static_cast<unsigned>(frame.workers)};
  if (fresh) {
    ++stats_.joined;
    departed_.erase(number);
    log_.info("node joined", {{"node", member.info.id}, {"name", member.info.name}, {"number", number}});
    if (number_ != 0) host_.send(frame.boot, heartbeat());
    if (part_) part_->on_member(frame.boot, number);
  }
  if (!member.interest.is(frame.interest)) ask(frame.boot, member);
  if (number_ == 0 && number == claiming_) return begin_claim();
  if (number != number_ || evicted_) return;
  // Two have one number: they claimed it in parts of the network that did not see each other. The younger gives way.
  const auto mine = static_cast<std::uint64_t>(settings_.info.started_at_ms);
  if (std::pair(frame.started_at_ms, frame.boot) > std::pair(mine, settings_.boot)) {
    host_.send(frame.boot, heartbeat());
    return;
  }
  evicted_ = true;
  log_.error("another node has this node's number; this one stops", {{"node", member.info.id}, {"number", number}});
  host_.evicted();
}

void Cluster::ask(std::uint64_t boot, Member& member) {
  if (member.asked != 0 && now_ - member.asked < kAskAgain) return;
  member.asked = now_;
  wire::AskInterest frame;
  frame.boot = settings_.boot;
  host_.send(boot, wire::encode(frame));
}

void Cluster::on(const wire::AskInterest& frame) {
  announce();
  for (wire::WholeInterest& part : own_.whole()) {
    part.boot = settings_.boot;
    host_.send(frame.boot, wire::encode(std::move(part)));
  }
}

void Cluster::on(const wire::Interest& frame) {
  const auto member = members_.find(frame.boot);
  if (member != members_.end() && !member->second->interest.apply(frame)) ask(frame.boot, *member->second);
}

void Cluster::on(const wire::WholeInterest& frame) {
  const auto member = members_.find(frame.boot);
  if (member == members_.end()) return;
  if (!member->second->interest.apply(frame)) {
    ask(frame.boot, *member->second);
  } else if (frame.part + 1 == frame.parts) {
    member->second->asked = 0;
  }
}

void Cluster::announce() {
  wire::Interest change;
  while (own_.take_change(change)) {
    change.boot = settings_.boot;
    if (up_) host_.broadcast(wire::encode(change));
  }
  stats_.interest = own_.channels();
}

void Cluster::turn() {
  announce();
  if (part_) part_->on_turn();
}

void Cluster::attach(ClusterPart& part, std::int64_t now) {
  part_ = &part;
  part.on_tick(now);
  part.on_engine(up_);
  for (const auto& [boot, member] : members_) part.on_member(boot, member->number);
}

void Cluster::on(const wire::Bye& frame) {
  const auto member = members_.find(frame.boot);
  if (member != members_.end()) lose(member, "stopped");
}

void Cluster::leave() {
  if (number_ == 0) return;
  if (part_) part_->on_turn();
  wire::Bye frame;
  frame.boot = settings_.boot;
  host_.broadcast(wire::encode(frame));
}

void Cluster::lose(Members::iterator row, const char* why) {
  const std::uint64_t boot = row->first;
  const std::unique_ptr<Member> member = std::move(row->second);
  members_.erase(row);
  ++stats_.left;
  departed_[member->number] = {boot, now_ + settings_.remember_ms};
  log_.warn("node left", {{"node", member->info.id}, {"name", member->info.name}, {"number", member->number}, {"why", why}});
  // Nobody waits for the dead.
  std::vector<std::uint64_t> publishes, sends;
  for (const auto& [ticket, publish] : publishes_)
    if (publish.missing.contains(boot)) publishes.push_back(ticket);
  for (const auto& [ticket, sending] : sends_)
    if (sending.boot == boot) sends.push_back(ticket);
  stats_.no_answer += publishes.size();
  for (const std::uint64_t ticket : publishes) answered(ticket, boot, {0, 1});
  for (const std::uint64_t ticket : sends) finish(ticket, SendStatus::no_such_connection);
  if (part_) part_->on_member_lost(boot);
}

void Cluster::expire_members() {
  if (!up_) return;  // without the engine nobody is heard
  for (auto i = members_.begin(); i != members_.end();) {
    const auto next = std::next(i);
    if (now_ - i->second->seen > settings_.silence_ms) lose(i, "silent");
    i = next;
  }
  std::erase_if(departed_, [this](const auto& row) { return row.second.second <= now_; });
}

void Cluster::tick(std::int64_t now) {
  now_ = now;
  const std::int64_t slept = last_tick_ == 0 ? 0 : now - last_tick_;
  last_tick_ = now;
  if (slept > kStalled)
    for (auto& [boot, member] : members_) member->seen += slept;
  own_.expire(now);
  expire_pending();
  expire_members();
  if (up_ && number_ == 0 && claiming_ != 0 && now >= claim_until_) {
    number_ = claiming_;
    log_.info("node number claimed", {{"number", number_}, {"node", id_of(settings_.boot)}});
    host_.claimed(number_);
    host_.broadcast(heartbeat());
  }
  if (up_ && number_ != 0 && now >= next_heartbeat_) host_.broadcast(heartbeat());
  announce();
  if (part_) part_->on_tick(now);
  stats_.nodes = nodes(now).size();
}

std::vector<NodeInfo> Cluster::nodes(std::int64_t now) {
  std::vector<NodeInfo> all{settings_.info};
  all.front().id = id_of(settings_.boot);
  all.front().connections = host_.connections();
  for (const auto& [boot, member] : members_)
    if (now - member->seen <= settings_.silence_ms) all.push_back(member->info);
  return all;
}

}  // namespace dunlin

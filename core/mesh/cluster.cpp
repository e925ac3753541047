// SPDX-License-Identifier: Apache-2.0
// Membership: numbers, heartbeats, who joins, falls silent and leaves. What they want is in cluster_interest.cpp, the way
// of messages in cluster_messages.cpp.
#include "core/mesh/cluster.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace dunlin {
namespace {

constexpr std::int64_t kPatience = 2000;  // of a start, with what others want

std::string id_of(std::uint64_t boot) { return fmt::format("{:016x}", boot); }

}  // namespace

Cluster::Cluster(Settings settings, ClusterHost& host, InterestFilter& filter, ClusterStats& stats, Log& log)
    : settings_(std::move(settings)), host_(host), filter_(filter), stats_(stats), log_(log), random_(settings_.seed),
      own_(settings_.linger_ms), marks_(settings_.silence_ms + 2 * settings_.heartbeat_ms) {}

Cluster::~Cluster() = default;

void Cluster::connected(std::int64_t now) {
  advance(now);
  up_ = true;
  stats_.connected = 1;
  for (auto& [boot, member] : members_)
    if (!member->silent) member->seen = now;  // who is gone has yet to show
  if (cut_) healed(*std::exchange(cut_, std::nullopt));
  doubt();
  if (part_) part_->on_engine(true);
  if (number_ == 0) return begin_claim();
  say_hello();
}

// All are to answer: what they said was not heard for a while.
void Cluster::say_hello() {
  next_heartbeat_ = now_ + settings_.heartbeat_ms + static_cast<std::int64_t>(random_() % 100);
  host_.broadcast(heartbeat(true));
}

void Cluster::disconnected(std::int64_t now) {
  advance(now);
  if (!up_) return;
  up_ = false;
  stats_.connected = 0;
  ++stats_.reconnects;
  cut_ = PublishMarks::of(now, host_.published_here());
  settle();
  if (part_) part_->on_engine(false);
}

void Cluster::beat() {
  next_heartbeat_ = now_ + settings_.heartbeat_ms + static_cast<std::int64_t>(random_() % 100);
  host_.broadcast(heartbeat(false));
  for (const auto& [boot, member] : members_) {
    if (member->silent) continue;
    tell_missed(boot);
    tell_answered(boot, *member);
  }
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
  if (number_ != 0) host_.send(frame.boot, heartbeat(false));  // the newcomer learns at once who is there
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

std::string Cluster::heartbeat(bool hello) {
  const NodeInfo& info = settings_.info;
  wire::Heartbeat frame{.boot = settings_.boot, .number = number_,
                        .started_at_ms = static_cast<std::uint64_t>(info.started_at_ms), .workers = info.workers,
                        .connections = host_.connections(), .interest = own_.number(), .hello = hello ? 1u : 0u,
                        .name = info.name, .api_server = info.api_server, .version = info.version, .others = {}};
  for (const auto& [boot, member] : members_)
    if (!member->silent)
      frame.others.insert(frame.others.end(), {boot, member->stream->out, member->interest.number(), member->told});
  return wire::encode(frame);
}

void Cluster::on(const wire::Heartbeat& frame) {
  const auto number = static_cast<unsigned>(frame.number);
  if (frame.number == 0 || frame.number >= ClientId::kMaxNodes) return;
  const bool never_met = !streams_.contains(frame.boot) || streams_[frame.boot].out == 0;
  const auto [there, fresh] = members_.try_emplace(frame.boot);
  if (fresh) there->second = std::make_unique<ClusterMember>(filter_, stream_of(frame.boot));
  ClusterMember& member = *there->second;
  if (fresh) member.certain = marks_.first();
  if (fresh && never_met)
    met(member, frame.started_at_ms < static_cast<std::uint64_t>(settings_.info.started_at_ms));
  const bool news = std::exchange(member.silent, false) || fresh;
  member.number = number;
  member.seen = now_;
  member.info = {.id = id_of(frame.boot), .name = std::string(frame.name), .api_server = std::string(frame.api_server),
                 .version = std::string(frame.version), .started_at_ms = static_cast<std::int64_t>(frame.started_at_ms),
                 .connections = frame.connections, .workers = static_cast<unsigned>(frame.workers)};
  if (news) welcome(frame.boot, member);
  unheard_.erase(frame.boot);
  for (std::size_t i = 0; i + 3 < frame.others.size(); i += 4) {
    if (frame.others[i] != settings_.boot) {
      if (!members_.contains(frame.others[i])) heard_of(frame.others[i]);
      continue;
    }
    claimed_to_have_sent(frame.boot, frame.others[i + 1]);
    confirmed(frame.boot, member, frame.others[i + 2]);
    forget_learnt(member, frame.others[i + 3]);
  }
  if (number_ != 0 && (news || frame.hello != 0)) {
    host_.send(frame.boot, heartbeat(false));
    tell_missed(frame.boot);
  }
  const bool known = member.interest.is(frame.interest);
  if (!known || member.apart) ask(frame.boot, member);
  else certain(member);
  if (number_ == 0 && number == claiming_) return begin_claim();
  if (number == number_ && !evicted_) give_way(frame, member);
}

// Another node knows one that this one has never heard: it may want what is published here. Unless it has just left.
void Cluster::heard_of(std::uint64_t boot) {
  const auto stream = streams_.find(boot);
  if (stream != streams_.end() && stream->second.out != 0) return;
  const auto [rumour, news] = unheard_.try_emplace(boot);
  rumour->second.until = now_ + 2 * settings_.heartbeat_ms;
  // Whether it is there at all the engine may tell.
  if (news && up_) host_.ask(boot, number_ != 0 ? heartbeat(false) : wire::encode(wire::Claim{settings_.boot, claiming_}));
}

void Cluster::welcome(std::uint64_t boot, ClusterMember& member) {
  ++stats_.joined;
  departed_.erase(member.number);
  member.confirm = true;
  member.behind = false;
  log_.info("node joined", {{"node", member.info.id}, {"name", member.info.name}, {"number", member.number}});
  if (part_) part_->on_member(boot, member.number);
  // A silent node of the same name and address is what this one was before it was killed: it does not come back.
  for (auto row = members_.begin(); row != members_.end(); ++row) {
    const NodeInfo& info = row->second->info;
    if (row->first == boot || !row->second->silent || info.name != member.info.name || info.api_server != member.info.api_server) continue;
    return forget(row);
  }
}

// Two have one number: they claimed it in parts of the network that did not see each other. The younger gives way.
void Cluster::give_way(const wire::Heartbeat& frame, const ClusterMember& member) {
  const auto mine = static_cast<std::uint64_t>(settings_.info.started_at_ms);
  if (std::pair(frame.started_at_ms, frame.boot) > std::pair(mine, settings_.boot)) {
    host_.send(frame.boot, heartbeat(false));
    return;
  }
  evicted_ = true;
  log_.error("another node has this node's number; this one stops", {{"node", member.info.id}, {"number", number_}});
  host_.evicted();
}

void Cluster::turn() {
  announce();
  if (part_) part_->on_turn();
}

void Cluster::attach(ClusterPart& part, std::int64_t now) {
  part_ = &part;
  part.on_tick(now);
  part.on_engine(up_);
  for (const auto& [boot, member] : members_)
    if (!member->silent) part.on_member(boot, member->number);
}

// What it has not answered by now was meant for nobody, if it had nobody left.
void Cluster::on(const wire::Bye& frame) {
  unheard_.erase(frame.boot);
  const auto row = members_.find(frame.boot);
  if (row == members_.end()) return;
  if (!row->second->silent) left(frame.boot, *row->second, "stopped", {0, frame.cut != 0 ? 1u : 0u});
  forget(row);
}

void Cluster::leave(std::uint64_t cut) {
  if (number_ == 0) return;
  if (part_) part_->on_turn();
  host_.broadcast(wire::encode(wire::Bye{settings_.boot, cut}));
}

// Nobody waits for the dead. One that is only silent may yet do what it was asked, when it goes on.
void Cluster::left(std::uint64_t boot, const ClusterMember& member, const char* why, Tally unanswered) {
  ++stats_.left;
  log_.warn("node left", {{"node", member.info.id}, {"name", member.info.name}, {"number", member.number}, {"why", why}});
  std::vector<std::uint64_t> publishes, sends;
  for (const auto& [ticket, publish] : publishes_)
    if (publish.missing.contains(boot)) publishes.push_back(ticket);
  for (const auto& [ticket, sending] : sends_)
    if (sending.boot == boot) sends.push_back(ticket);
  stats_.no_answer += publishes.size() * unanswered.fail;
  for (const std::uint64_t ticket : publishes) answered(ticket, boot, unanswered);
  const SendStatus unknown = member.silent ? SendStatus::timeout : SendStatus::no_such_connection;
  for (const std::uint64_t ticket : sends) finish(ticket, unknown);
  if (part_) part_->on_member_lost(boot);
}

void Cluster::forget(Members::iterator row) {
  departed_[row->second->number] = {row->first, now_ + settings_.remember_ms};
  row->second->stream->until = now_ + settings_.remember_ms;
  members_.erase(row);
}

void Cluster::expire_members() {
  if (!up_) return;  // without the engine nobody is heard
  for (auto i = members_.begin(); i != members_.end();) {
    const auto row = i++;
    ClusterMember& member = *row->second;
    const std::int64_t quiet = now_ - member.seen;
    if (quiet > settings_.silence_ms && !std::exchange(member.silent, true)) {
      parted(member);
      left(row->first, member, "silent", {0, 1});
    }
    if (quiet > settings_.return_ms) forget(row);
  }
  std::erase_if(departed_, [this](const auto& row) { return row.second.second <= now_; });
  std::erase_if(unheard_, [this](const auto& row) { return row.second.until <= now_; });
  expire_streams();
}

// The numbers to a node are forgotten before those from it, so that there, too, nobody counts on from the old ones.
void Cluster::expire_streams() {
  for (auto row = streams_.begin(); row != streams_.end();) {
    ClusterStream& stream = row->second;
    if (stream.until != 0 && now_ >= stream.until) stream.out = 0;
    const bool over = stream.until != 0 && now_ >= stream.until + settings_.remember_ms;
    row = over ? streams_.erase(row) : std::next(row);
  }
}

// Whatever comes first after this node has slept, which says nothing about the others; but these may have done without it.
void Cluster::advance(std::int64_t now) {
  const std::int64_t slept = now_ == 0 ? 0 : now - now_;
  now_ = now;
  if (slept <= patience()) return;
  for (auto& [boot, member] : members_) member->seen = std::min(now, member->seen + slept);
  healed(marks_.last());
  doubt();
  if (up_ && number_ != 0) say_hello();
}

void Cluster::tick(std::int64_t now) {
  advance(now);
  own_.expire(now);
  expire_pending();
  expire_members();
  if (up_ && number_ == 0 && claiming_ != 0 && now >= claim_until_ && (all_present_known() || now >= claim_until_ + kPatience)) {
    number_ = claiming_;
    log_.info("node number claimed", {{"number", number_}, {"node", id_of(settings_.boot)}});
    host_.claimed(number_);
    next_heartbeat_ = now;
  }
  if (up_ && number_ != 0 && now >= next_heartbeat_) beat();
  marks_.mark(now, host_.published_here());
  tell_owed();
  announce();
  ask_late();
  expire_unknown();
  if (part_) part_->on_tick(now);
  stats_.nodes = nodes(now).size();
}

std::vector<NodeInfo> Cluster::nodes(std::int64_t now) {
  std::vector<NodeInfo> all{settings_.info};
  all.front().id = id_of(settings_.boot);
  all.front().connections = host_.connections();
  for (const auto& [boot, member] : members_)
    if (!member->silent && now - member->seen <= settings_.silence_ms) all.push_back(member->info);
  return all;
}

}  // namespace dunlin

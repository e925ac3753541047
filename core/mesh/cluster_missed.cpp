// SPDX-License-Identifier: Apache-2.0
// What a node misses while it is not heard: reckoned by who publishes, told by all, counted by who has missed it.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/mesh/cluster.h"

namespace dunlin {
namespace {

constexpr std::int64_t kTellEach = 100;
constexpr unsigned kTellTimes = 3;           // a change: a word may be lost
constexpr std::int64_t kAllMeet = 3000;      // so soon after one that was apart is back are those that came with it

}  // namespace

void Cluster::owe(std::uint64_t receiver, std::uint64_t messages) {
  if (messages == 0) return;
  stats_.unheard += messages;  // here, too: it may never be back
  missed_.add(receiver, settings_.boot, messages, now_ + settings_.remember_ms);
  telling_ = kTellTimes;
}

// To all, so that they know it should this node be no more when the other is back.
void Cluster::tell_owed() {
  missed_.expire(now_);
  if (telling_ == 0 || !up_ || now_ < tell_at_) return;
  --telling_;
  tell_at_ = now_ + kTellEach;
  wire::Missed frame{settings_.boot, missed_.due_from(settings_.boot)};
  if (!frame.rows.empty()) host_.broadcast(wire::encode(std::move(frame)));
}

// To the one that has missed it, until it says that it has counted it.
void Cluster::tell_missed(std::uint64_t boot) {
  wire::Missed frame{settings_.boot, missed_.due_to(boot)};
  if (!frame.rows.empty()) host_.send(boot, wire::encode(std::move(frame)));
}

void Cluster::on(const wire::Missed& frame) {
  MissedLedger::Rows counted;
  for (std::size_t i = 0; i + 2 < frame.rows.size(); i += 3) {
    const std::uint64_t receiver = frame.rows[i], publisher = frame.rows[i + 1], messages = frame.rows[i + 2];
    if (receiver == frame.boot) {
      missed_.counted(receiver, publisher, messages);
      continue;
    }
    const std::uint64_t more = missed_.learn(receiver, publisher, messages, now_ + settings_.remember_ms);
    if (receiver != settings_.boot) continue;
    counted.insert(counted.end(), {receiver, publisher, messages});
    stats_.silent += more;
    if (more > 0)
      log_.warn("messages of a node that did not hear this one were missed", {{"node", fmt::format("{:016x}", publisher)}, {"messages", more}});
  }
  if (!counted.empty()) host_.send(frame.boot, wire::encode(wire::Missed{settings_.boot, std::move(counted)}));
}

// From here on it is not heard what it subscribes.
void Cluster::parted(ClusterMember& member) {
  if (!member.apart) member.apart = member.certain;
}

// It has not been met before. If it was there before this node began, it was cut off all the time. A younger one may have
// begun beyond a cut: that which parted this node from the others.
void Cluster::met(ClusterMember& member, bool older) {
  if (older) {
    member.apart = PublishMark{};
    return;
  }
  if (healed_ && now_ < healed_until_) member.apart = *healed_;
  for (const auto& [boot, other] : members_)
    if (other->apart && (!member.apart || other->apart->at < member.apart->at)) member.apart = other->apart;
}

// It is known what it wants: of one that was apart, as of after its return.
void Cluster::certain(ClusterMember& member) {
  member.unsure = false;
  member.certain = marks_.before(now_ - settings_.on_its_way_ms);
  if (!member.apart || member.silent) return;
  healed(*member.apart);
  member.apart.reset();
}

// Since then this node may not have heard who joined: what they missed they are owed when they are met.
void Cluster::healed(const PublishMark& since) {
  if (!healed_ || now_ >= healed_until_ || since.at < healed_->at) healed_ = since;
  healed_until_ = now_ + kAllMeet;
}

// Its subscribers may have been answered before this node has heard of them: it will say so when it hears that this one has.
void Cluster::note_learnt(ClusterMember& member, std::uint64_t before) {
  const std::vector<std::uint64_t> fresh = member.interest.take_learnt();
  if (fresh.empty()) return;
  const PublishMark first = marks_.first();
  const PublishMark oldest = member.apart ? *member.apart : member.certain.at < first.at ? member.certain : first;
  ClusterLearnt learnt{before, member.interest.number(), now_, oldest, {}};
  for (const std::uint64_t hash : fresh) learnt.counts.emplace_back(hash, host_.published_here().of(hash));
  member.learnt.push_back(std::move(learnt));
}

void Cluster::forget_learnt(ClusterMember& member, std::uint64_t up_to) {
  while (!member.learnt.empty() && member.learnt.front().number <= up_to) member.learnt.pop_front();
}

// Who has confirmed only now may have published to them in the meantime. Until it has heard it.
void Cluster::tell_answered(std::uint64_t boot, ClusterMember& member) {
  wire::Answered frame{settings_.boot, member.knows, answered_.late(member.told, member.knows, member.knew_at)};
  if (frame.rows.empty()) member.told = member.knows;
  else host_.send(boot, wire::encode(std::move(frame)));
}

void Cluster::on(const wire::Heard& frame) {
  const auto row = members_.find(frame.boot);
  if (row != members_.end()) row->second->told = std::max(row->second->told, frame.number);
}

// What was published between their answer, at the latest, and when this node heard of them. They had been answered before
// that by as much as before the confirmation came there, less its way.
void Cluster::on(const wire::Answered& frame) {
  const auto row = members_.find(frame.boot);
  if (row == members_.end()) return;
  ClusterMember& member = *row->second;
  std::uint64_t missed = 0;
  for (const ClusterLearnt& learnt : member.learnt)
    if (learnt.number <= frame.number) missed += published_before(learnt, frame.rows);
  forget_learnt(member, frame.number);
  wire::Heard heard;
  heard.boot = settings_.boot;
  heard.number = frame.number;
  host_.send(frame.boot, wire::encode(heard));
  if (missed == 0) return;
  log_.warn("a node had answered subscriptions before this one heard of them",
            {{"node", member.info.id}, {"name", member.info.name}, {"missed", missed}});
  owe(frame.boot, missed);
}

std::uint64_t Cluster::published_before(const ClusterLearnt& learnt, const std::vector<std::uint64_t>& answered) const {
  std::size_t i = 0;
  while (i + 1 < answered.size() && answered[i] <= learnt.before) i += 2;
  if (i + 1 >= answered.size()) return 0;
  const std::int64_t since = learnt.at - static_cast<std::int64_t>(answered[i + 1]);
  const PublishMark then = since < marks_.first().at ? learnt.oldest : marks_.before(since);
  std::uint64_t sum = 0;
  for (const auto& [hash, count] : learnt.counts) sum += count - then.of(hash);
  return sum;
}

}  // namespace dunlin

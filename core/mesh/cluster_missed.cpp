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

// How often was published by now: so long as a member may fall silent that was heard then.
void Cluster::mark() {
  if (members_.empty()) return;
  marks_.push_back(mark_now());
  while (marks_.size() > 1 && marks_[1].at < now_ - settings_.silence_ms - 2 * settings_.heartbeat_ms) marks_.pop_front();
}

ClusterMark Cluster::mark_before(std::int64_t at) const {
  const auto found = std::find_if(marks_.rbegin(), marks_.rend(), [at](const ClusterMark& mark) { return mark.at <= at; });
  return found != marks_.rend() ? *found : marks_.empty() ? ClusterMark{} : marks_.front();
}

// From here on it is not heard what it subscribes.
void Cluster::parted(ClusterMember& member) {
  if (!member.apart) member.apart = mark_before(member.certain != 0 ? member.certain : member.seen);
}

// It has not been met before. If it was there before this node began, it was cut off all the time. Is it younger and has
// subscribers all the same, then it began beyond a cut: that which parted this node from the others.
void Cluster::met(ClusterMember& member, bool older, bool has_interest) {
  if (older) {
    member.apart = ClusterMark{};
    return;
  }
  if (!has_interest) return;
  if (healed_ && now_ < healed_until_) member.apart = *healed_;
  for (const auto& [boot, other] : members_)
    if (other->apart && (!member.apart || other->apart->at < member.apart->at)) member.apart = other->apart;
}

// The whole of what it wants has come, and has channels that this node had not heard of: something that it said was lost.
// It has missed what was published to them since it was last known what it wants: too much where they were subscribed later.
void Cluster::learnt(std::uint64_t boot, ClusterMember& member) {
  const std::vector<std::uint64_t> fresh = member.interest.take_learnt();
  if (fresh.empty() || (!member.apart && member.certain == 0)) return;
  const ClusterMark since = member.apart ? *member.apart : mark_before(member.certain);
  std::uint64_t missed = 0;
  for (const std::uint64_t hash : fresh) missed += host_.published_here().since(since.counts.get(), hash);
  if (missed == 0) return;
  log_.warn("a node subscribed channels while it was cut off from this one",
            {{"node", member.info.id}, {"name", member.info.name}, {"missed", missed}});
  owe(boot, missed);
}

// It is known what it wants: of one that was apart, as of after its return.
void Cluster::certain(ClusterMember& member) {
  member.unsure = false;
  member.certain = now_;
  if (!member.apart || member.silent) return;
  healed(*member.apart);
  member.apart.reset();
}

// Since then this node may not have heard who joined: what they missed they are owed when they are met.
void Cluster::healed(const ClusterMark& since) {
  if (!healed_ || now_ >= healed_until_ || since.at < healed_->at) healed_ = since;
  healed_until_ = now_ + kAllMeet;
}

ClusterMark Cluster::mark_now() const {
  return {now_, std::make_shared<const PublishCounts::Snapshot>(host_.published_here().snapshot())};
}

}  // namespace dunlin

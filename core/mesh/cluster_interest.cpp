// SPDX-License-Identifier: Apache-2.0
// What this node and the others want: told, asked for, confirmed.
#include <algorithm>
#include <utility>

#include "core/mesh/cluster.h"

namespace dunlin {
namespace {

constexpr std::int64_t kAskAgain = 500;
constexpr std::size_t kPerFrame = 16 * 1024;  // channels, where the engine takes them

}  // namespace

// What fits into a frame of the engine's, two lists of it.
std::size_t Cluster::channels_a_frame() const {
  const std::size_t room = host_.largest() / sizeof(std::uint64_t) / 2;
  return std::clamp<std::size_t>(room > 16 ? room - 16 : 1, 1, kPerFrame);
}

void Cluster::subscribed(std::uint64_t hash, std::function<void()> known) {
  own_.add(hash);
  if (known) untold_.push_back(std::move(known));
}

// Tells of the changes, and confirms the others'.
void Cluster::announce() {
  wire::Interest change;
  while (own_.take_change(change, channels_a_frame())) {
    change.boot = settings_.boot;
    if (up_) host_.broadcast(wire::encode(change));
  }
  stats_.interest = own_.channels();
  for (std::function<void()>& known : std::exchange(untold_, {}))
    unknown_.push_back({own_.number(), now_ + settings_.deadline_ms, std::move(known)});
  for (auto& [boot, member] : members_)
    if (std::exchange(member->confirm, false))
      host_.send(boot, wire::encode(wire::Knows{settings_.boot, member->interest.number()}));
  settle();
}

// Calls those whose channels all know of whom it is worth waiting for.
void Cluster::settle() {
  std::uint64_t all = own_.number(), awaited = all;
  for (const auto& [boot, member] : members_) {
    if (member->silent) continue;
    all = std::min(all, member->knows);
    if (!member->behind) awaited = std::min(awaited, member->knows);
  }
  while (!unknown_.empty() && (!up_ || unknown_.front().number <= awaited)) {
    if (!up_ || unknown_.front().number > all) ++stats_.unconfirmed;
    answered_.note(unknown_.front().number, now_);
    const Unknown settled = std::move(unknown_.front());
    unknown_.pop_front();
    settled.known();
  }
}

void Cluster::expire_unknown() {
  for (; !unknown_.empty() && unknown_.front().due <= now_; settle()) {
    for (auto& [boot, member] : members_) {
      if (member->silent || member->behind || member->knows >= unknown_.front().number) continue;
      member->behind = true;
      log_.warn("node did not confirm a subscription in time", {{"node", member->info.id}, {"name", member->info.name}});
    }
  }
}

void Cluster::on(const wire::Knows& frame) {
  const auto member = members_.find(frame.boot);
  if (member != members_.end()) confirmed(frame.boot, *member->second, frame.number);
}

void Cluster::confirmed(std::uint64_t boot, ClusterMember& member, std::uint64_t number) {
  if (number <= member.knows) return;
  member.knows = number;
  member.knew_at = now_;
  tell_answered(boot, member);
  member.behind = false;
  settle();
}

void Cluster::ask(std::uint64_t boot, ClusterMember& member) {
  member.unsure = true;
  if (member.asked != 0 && now_ - member.asked < kAskAgain) return;
  member.asked = now_;
  host_.send(boot, wire::encode(wire::AskInterest{settings_.boot}));
}

void Cluster::on(const wire::AskInterest& frame) {
  announce();
  for (wire::WholeInterest& part : own_.whole(channels_a_frame())) {
    part.boot = settings_.boot;
    host_.send(frame.boot, wire::encode(std::move(part)));
  }
}

void Cluster::on(const wire::Interest& frame) {
  const auto row = members_.find(frame.boot);
  if (row == members_.end()) return;
  ClusterMember& member = *row->second;
  const std::uint64_t before = member.interest.number();
  if (!member.interest.apply(frame)) return ask(frame.boot, member);
  member.confirm = true;
  note_learnt(member, before);
  if (member.apart) return;  // until the whole has come, which is asked for
  member.certain = marks_.before(now_ - settings_.on_its_way_ms);
}

void Cluster::on(const wire::WholeInterest& frame) {
  const auto row = members_.find(frame.boot);
  if (row == members_.end()) return;
  ClusterMember& member = *row->second;
  const std::uint64_t before = member.interest.number();
  const bool applied = member.interest.apply(frame);
  note_learnt(member, before);
  if (!applied) return ask(frame.boot, member);
  if (frame.part + 1 < frame.parts) return;
  member.asked = 0;
  certain(member);
  member.confirm = true;
}

// Something may have been said that this node has not heard.
void Cluster::doubt() {
  for (auto& [boot, member] : members_) member->unsure = true;
}

bool Cluster::complete() const { return unheard_.empty() && all_present_known(); }

bool Cluster::all_present_known() const {
  const auto unknown = [](const auto& row) { return row.second->unsure && !row.second->silent; };
  return up_ && std::none_of(members_.begin(), members_.end(), unknown) &&
         std::all_of(unheard_.begin(), unheard_.end(), [](const auto& row) { return row.second.absent; });
}

}  // namespace dunlin

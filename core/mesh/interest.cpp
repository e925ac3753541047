// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/interest.h"

#include <algorithm>

#include "core/base/check.h"

namespace dunlin {

// FNV-1a, and a finishing mix, since its low bits choose the filter's bucket.
std::uint64_t channel_hash(std::string_view channel) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : channel) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
  return hash ^ hash >> 33;
}

PublishCounts::Snapshot PublishCounts::snapshot() const {
  Snapshot counts(mask_ + 1);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = counts_[i].load(std::memory_order_relaxed);
  return counts;
}

void OwnInterest::add(std::uint64_t hash) {
  const auto [there, fresh] = wanted_.try_emplace(hash);
  ++there->second.workers;
  if (fresh) added_.push_back(hash);
}

void OwnInterest::remove(std::uint64_t hash, std::int64_t now) {
  const auto found = wanted_.find(hash);
  CHECK(found != wanted_.end() && found->second.workers > 0);
  if (--found->second.workers > 0) return;
  found->second.due = now + linger_ms_;
  leaving_.push_back({found->second.due, hash});
}

void OwnInterest::expire(std::int64_t now) {
  for (; !leaving_.empty() && leaving_.front().due <= now; leaving_.pop_front()) {
    const auto found = wanted_.find(leaving_.front().hash);
    // It came back; or it left again, and a later entry is its own.
    if (found == wanted_.end() || found->second.workers > 0 || found->second.due > now) continue;
    removed_.push_back(found->first);
    wanted_.erase(found);
  }
}

bool OwnInterest::take_change(wire::Interest& change, std::size_t most) {
  if (added_.empty() && removed_.empty()) return false;
  const auto take = [most](std::vector<std::uint64_t>& from, std::vector<std::uint64_t>& to) {
    const std::size_t count = std::min(from.size(), most);
    to.assign(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
    from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
  };
  change.removed.clear();
  change.added.clear();
  take(removed_, change.removed);  // all that goes before anything that comes: a channel may do both, in this order
  if (removed_.empty()) take(added_, change.added);
  change.from = number_;
  change.to = ++number_;
  return true;
}

// REQUIRES: take_change() has said false: the number stands for what is there.
std::vector<wire::WholeInterest> OwnInterest::whole(std::size_t most) const {
  std::vector<wire::WholeInterest> parts(1);
  for (const auto& [hash, wanted] : wanted_) {
    if (parts.back().channels.size() == most) parts.emplace_back();
    parts.back().channels.push_back(hash);
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i].number = number_;
    parts[i].part = i;
    parts[i].parts = parts.size();
  }
  return parts;
}

void OtherInterest::insert(std::uint64_t hash) {
  if (!channels_.insert(hash).second) return;
  filter_.add(hash);
  learnt_.push_back(hash);
}

void OtherInterest::clear() {
  for (const std::uint64_t hash : channels_) filter_.remove(hash);
  channels_.clear();
}

bool OtherInterest::apply(const wire::Interest& change) {
  newest_ = std::max(newest_, change.to);
  if (change.to <= number_) return true;  // contained in the whole that came before it
  if (change.from != number_) return false;
  for (const std::uint64_t hash : change.removed)
    if (channels_.erase(hash) > 0) filter_.remove(hash);
  for (const std::uint64_t hash : change.added) insert(hash);
  number_ = change.to;
  return true;
}

bool OtherInterest::apply(const wire::WholeInterest& part) {
  newest_ = std::max(newest_, part.number);
  if (part.part == 0) {
    gathered_.clear();
    gathering_ = part.number;
    parts_ = 0;
  }
  if (part.number != gathering_ || part.part != parts_) return false;
  gathered_.insert(gathered_.end(), part.channels.begin(), part.channels.end());
  if (++parts_ < part.parts) return true;
  if (gathering_ >= number_) {
    const std::unordered_set<std::uint64_t> now(gathered_.begin(), gathered_.end());
    for (const std::uint64_t hash : now) insert(hash);
    for (auto i = channels_.begin(); i != channels_.end();) {
      if (now.contains(*i)) {
        ++i;
        continue;
      }
      filter_.remove(*i);
      i = channels_.erase(i);
    }
    number_ = gathering_;
  }
  gathered_ = {};
  return number_ >= newest_;
}

}  // namespace dunlin

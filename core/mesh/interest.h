// SPDX-License-Identifier: Apache-2.0
// Interest: which channels a node has subscribers of, as it tells the others, and as they keep it. Channels are meant
// by a 64-bit hash: should two names share one, a message travels to a node in vain, and none is missed.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/mesh/cluster_wire.h"

namespace dunlin {

// The same on every node and in every build.
std::uint64_t channel_hash(std::string_view channel);

// What is wanted by any other node: a worker asks it before it troubles the cluster's thread. A "no" is exact, a "yes"
// may be wrong, the seldomer the more buckets there are. One thread writes, any reads.
class InterestFilter {
 public:
  // REQUIRES: a power of two
  explicit InterestFilter(std::size_t buckets = std::size_t{1} << 19)
      : mask_(buckets - 1), counts_(new std::atomic<std::uint32_t>[buckets]()) {}
  bool maybe(std::uint64_t hash) const { return at(hash).load() != 0; }
  void add(std::uint64_t hash) { at(hash).fetch_add(1); }
  void remove(std::uint64_t hash) { at(hash).fetch_sub(1, std::memory_order_release); }

 private:
  std::atomic<std::uint32_t>& at(std::uint64_t hash) const { return counts_[hash & mask_]; }
  const std::uint64_t mask_;
  std::unique_ptr<std::atomic<std::uint32_t>[]> counts_;
};

// How often something was published here, whether anybody wanted it or not. Few channels share a count with others. Any
// thread.
class PublishCounts {
 public:
  // REQUIRES: a power of two
  explicit PublishCounts(std::size_t buckets = std::size_t{1} << 16)
      : mask_(buckets - 1), counts_(new std::atomic<std::uint32_t>[buckets]()) {}
  // Before InterestFilter::maybe(), as the filter learns before of() is read: so what is not sent has been counted.
  void add(std::uint64_t hash) { counts_[hash & mask_].fetch_add(1); }
  using Snapshot = std::vector<std::uint32_t>;
  Snapshot snapshot() const;
  std::uint32_t of(std::uint64_t hash) const { return counts_[hash & mask_].load(); }
  static std::uint32_t of(const Snapshot& then, std::uint64_t hash) { return then[hash & (then.size() - 1)]; }

 private:
  const std::uint64_t mask_;
  std::unique_ptr<std::atomic<std::uint32_t>[]> counts_;
};

// This node's own interest. A channel whose last subscriber has left stays for `linger`: clients that come and go do
// not make the others hear of it each time.
class OwnInterest {
 public:
  explicit OwnInterest(std::int64_t linger_ms) : linger_ms_(linger_ms) {}

  void add(std::uint64_t hash);
  void remove(std::uint64_t hash, std::int64_t now);  // REQUIRES: it was added, and not removed since
  void expire(std::int64_t now);

  // What has changed since the last call, at most `most` channels of each; false: nothing has.
  bool take_change(wire::Interest& change, std::size_t most);
  // In parts of at most `most` channels.
  std::vector<wire::WholeInterest> whole(std::size_t most) const;
  std::uint64_t number() const { return number_; }
  std::size_t channels() const { return wanted_.size(); }

 private:
  struct Leaving {
    std::int64_t due;
    std::uint64_t hash;
  };

  const std::int64_t linger_ms_;
  struct Wanted {
    std::uint32_t workers = 0;  // 0: it lingers …
    std::int64_t due = 0;       // … until then
  };
  std::unordered_map<std::uint64_t, Wanted> wanted_;
  std::deque<Leaving> leaving_;
  std::vector<std::uint64_t> added_, removed_;  // not told yet
  std::uint64_t number_ = 0;
};

// Another node's, as far as it is known here.
class OtherInterest {
 public:
  explicit OtherInterest(InterestFilter& filter) : filter_(filter) {}
  ~OtherInterest() { clear(); }
  OtherInterest(const OtherInterest&) = delete;
  OtherInterest& operator=(const OtherInterest&) = delete;

  bool wants(std::uint64_t hash) const { return channels_.contains(hash); }
  // A change or a part of the whole has come; false: something is missing, so that the whole must be asked for.
  bool apply(const wire::Interest& change);
  bool apply(const wire::WholeInterest& part);
  // It has said that its interest has this number: whether that is what is known here.
  bool is(std::uint64_t number) const { return number_ == number; }
  std::uint64_t number() const { return number_; }
  std::size_t channels() const { return channels_.size(); }
  // What has come to be wanted since the last call.
  std::vector<std::uint64_t> take_learnt() { return std::exchange(learnt_, {}); }

 private:
  void insert(std::uint64_t hash);
  void clear();

  InterestFilter& filter_;
  std::unordered_set<std::uint64_t> channels_;
  std::vector<std::uint64_t> learnt_;
  std::uint64_t number_ = 0;                 // every node begins with nothing, and that is number 0
  std::uint64_t newest_ = 0;                 // the highest that was heard of
  std::vector<std::uint64_t> gathered_;      // parts of the whole …
  std::uint64_t gathering_ = 0, parts_ = 0;  // … of this number, and how many of them have come
};

}  // namespace dunlin

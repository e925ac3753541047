// SPDX-License-Identifier: Apache-2.0
// AckWindow: how many messages a consumer that acknowledges may have at once. At first the most there is. One that lets its
// time run out has more before it than it can do in that time: from then on it gets what it did in half of it, and more
// again when its acknowledgements come early. Otherwise what it has not come to yet would be sent to it, or to another
// that is as slow, again and again, behind all that waits there already; nobody would get done with anything any more.
//
// What has expired still lies before the consumer, and takes room, until the consumer is seen to be past it (it acknowledges
// that, or something that it was given later), or has acknowledged nothing at all for the time of an acknowledgement: then it
// may not mean to. An acknowledgement of what has expired is late, and as good as another where nobody else has got the
// message yet; `What` is what its owner needs then. Pure logic.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace dunlin {

template <class What>
class AckWindow {
 public:
  struct Mark {  // of a message that was given
    std::int64_t since = 0;
    std::uint64_t place = 0;         // in what the consumer was given
    std::uint64_t acknowledged = 0;  // by it, until then
    std::uint64_t round = 0;
  };

  AckWindow(std::size_t most, std::int64_t wait_ms) : most_(most), wait_(wait_ms), window_(most) {}

  std::size_t room(std::size_t given) const { return window_ - std::min(window_, given + ahead_.size()); }
  bool owes() const { return !ahead_.empty(); }

  Mark gave(std::uint64_t id, std::int64_t now) {
    Mark mark{now, next_, acknowledged_, round_};
    const auto again = expired_.find(id);
    if (again == expired_.end()) {
      ++next_;
    } else {  // it has it twice: it is past it when it is past the first
      mark.place = again->second.place;
      drop(again);
    }
    return mark;
  }

  // In time; `given`: how many it had, this one included.
  void acknowledged(const Mark& mark, std::size_t given, std::int64_t now) {
    const bool full = room(given) == 0;
    past(mark.place, now);
    if (full && now - mark.since < wait_ / 2) window_ = std::min(window_ + 1, most_);
  }

  void expired(std::uint64_t id, const Mark& mark, What what, std::int64_t now) {
    // Once for all that it was given before. One that it is past was not too much for it, it only did not acknowledge that.
    if (mark.place > past_ && mark.round == round_) {
      const auto did = static_cast<std::size_t>(acknowledged_ - mark.acknowledged);
      window_ = std::clamp<std::size_t>(did > 0 ? did / 2 : std::min(window_ / 2, kOfSilent), 1, window_);
      ++round_;
    }
    if (expired_.size() >= most_) drop(expired_.begin());
    expired_.insert_or_assign(id, Expired{mark.place, std::move(what)});
    if (mark.place > past_ && !silent(now)) ahead_.insert(mark.place);
  }

  // An acknowledgement of one that it does not have any more. Nothing: it was never this consumer's, or too long ago.
  std::optional<What> late(std::uint64_t id, std::int64_t now) {
    const auto found = expired_.find(id);
    if (found == expired_.end()) return std::nullopt;
    What what = std::move(found->second.what);
    const std::uint64_t place = found->second.place;
    drop(found);
    past(place, now);
    return what;
  }

  // From time to time. True: it owes nothing any more.
  bool forgive(std::int64_t now) {
    if (!owes() || !silent(now)) return false;
    ahead_.clear();
    return true;
  }

 private:
  static constexpr std::size_t kOfSilent = 64;
  struct Expired {
    std::uint64_t place;
    What what;
  };
  using Rows = std::map<std::uint64_t, Expired>;

  bool silent(std::int64_t now) const { return !heard_ || now - *heard_ >= wait_; }
  void past(std::uint64_t place, std::int64_t now) {
    ++acknowledged_;
    heard_ = now;
    past_ = std::max(past_, place);
    ahead_.erase(ahead_.begin(), ahead_.upper_bound(place));
  }
  void drop(typename Rows::iterator row) {
    ahead_.erase(row->second.place);
    expired_.erase(row);
  }

  const std::size_t most_;
  const std::int64_t wait_;
  std::size_t window_;
  std::optional<std::int64_t> heard_;  // of it last
  std::uint64_t next_ = 1, past_ = 0, acknowledged_ = 0, round_ = 0;
  Rows expired_;                   // and not acknowledged since, by id
  std::set<std::uint64_t> ahead_;  // the places of those that it is on its way to
};

}  // namespace dunlin

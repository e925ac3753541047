// SPDX-License-Identifier: Apache-2.0
// LeadIn: how many messages of no meaning a node has a stream keep before its own, when a server leads the stream anew.
//
// A server that led and was killed may have written down messages that no other server got. When it comes back,
// nats-server 2.9 leaves them where the new leader has others: that copy lacks as many of the first messages that the new
// leader kept, although their pushes were answered, and if it is the one that hands out, they are lost. What comes after
// those is the same everywhere. So the first ones are made to be of no meaning; at least as many as may have been under way
// to a leader. Pure logic (docs/decisions/0016-messages-of-no-meaning.md).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace dunlin {

class LeadIn {
 public:
  static constexpr std::size_t kUnderWay = 128;  // of them at once; few rounds, where each takes long

  bool known() const { return state_ != State::unknown; }
  bool over() const { return state_ == State::over; }

  // The stream may have another leader by now.
  void lost() { state_ = State::unknown; }

  // `leader` leads, and has kept `last` messages; `copies`: other servers have to have them too; `length`: how many to lead in.
  // True: it may be another than before.
  bool led(const std::string& leader, std::uint64_t last, bool copies, std::uint64_t length) {
    if (known() && leader == leader_) return false;
    leader_ = leader;
    until_ = last + length;
    under_way_ = 0;
    ++round_;
    state_ = copies ? State::under_way : State::over;
    return true;
  }

  // How many to send now; each is answered by kept(), refused() or unanswered(), with the round that it was sent in.
  std::size_t more() {
    if (state_ != State::under_way) return 0;
    const std::size_t more = kUnderWay - std::min(kUnderWay, under_way_);
    under_way_ += more;
    return more;
  }
  std::uint64_t round() const { return round_; }

  // True: that was the last one that it needed.
  bool kept(std::uint64_t round, std::uint64_t sequence) {
    if (state_ != State::under_way || round != round_) return false;
    --under_way_;
    if (sequence <= until_) return false;
    state_ = State::over;
    return true;
  }
  // It has not come to anything in time; another is needed.
  void unanswered(std::uint64_t round) {
    if (state_ == State::under_way && round == round_) --under_way_;
  }
  // The store is full: it refuses what comes after, too.
  bool refused(std::uint64_t round) { return kept(round, until_ + 1); }

 private:
  enum class State { unknown, under_way, over };
  State state_ = State::unknown;
  std::string leader_;
  std::uint64_t until_ = 0, round_ = 0;
  std::size_t under_way_ = 0;
};

}  // namespace dunlin

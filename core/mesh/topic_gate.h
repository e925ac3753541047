// SPDX-License-Identifier: Apache-2.0
// TopicGate: which pushes to one topic go to the stream, so that the topic holds no more than it may. The stream is asked how
// many it holds, once for all pushes that wait then. (A limit of the stream's own is judged by each of its servers for
// itself, and before nats-server 2.12.3 they come to different results: a message of an answered push is lost.) Nodes
// that push at once do not know of each other's: then it may be some more. Pure logic.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace dunlin {

class TopicGate {
 public:
  struct Judged {
    std::uint64_t push;
    std::size_t held;  // with it; 0: the topic is full
  };

  explicit TopicGate(std::size_t size) : size_(size) {}

  void came(std::uint64_t push) { waiting_.push_back(push); }
  bool idle() const { return waiting_.empty() && sent_ == over_; }

  // Whether the stream is to be asked now.
  bool asks() const { return !asked_ && !unclear_ && !waiting_.empty(); }
  void asked() {
    asked_ = true;
    batch_ = waiting_.size();
    base_ = over_;
  }
  void unanswered() { asked_ = false; }

  // It holds so many. What was sent and not answered when it was asked may be among them, or not: where that makes the
  // difference, it is asked once more when one of those has been answered.
  std::vector<Judged> holds(std::size_t held) {
    std::vector<Judged> judged;
    if (!asked_) return judged;
    asked_ = false;
    for (; batch_ > 0; --batch_) {
      const std::size_t most = held + static_cast<std::size_t>(sent_ - base_);
      const bool room = most < size_;
      if (!room && held < size_) {
        unclear_ = sent_ != over_;
        break;
      }
      judged.push_back({waiting_.front(), room ? most + 1 : 0});
      waiting_.pop_front();
      sent_ += room ? 1 : 0;
    }
    return judged;
  }

  // One is sent that takes the place of another, and is not judged.
  void replaced() { ++sent_; }
  // One that had been sent is answered, or given up.
  void over() {
    ++over_;
    unclear_ = false;
  }
  // One that has not been judged is given up.
  void gave_up(std::uint64_t push) {
    const auto place = std::find(waiting_.begin(), waiting_.end(), push);
    if (place == waiting_.end()) return;
    if (static_cast<std::size_t>(place - waiting_.begin()) < batch_) --batch_;
    waiting_.erase(place);
  }

 private:
  const std::size_t size_;
  std::deque<std::uint64_t> waiting_;
  std::size_t batch_ = 0;                    // of them, that the answer is for
  std::uint64_t sent_ = 0, over_ = 0, base_ = 0;  // base_: what was over when it was asked
  bool asked_ = false, unclear_ = false;
};

}  // namespace dunlin

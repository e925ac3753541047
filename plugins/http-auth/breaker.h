// SPDX-License-Identifier: Apache-2.0
// Two guards for a backend in trouble: the breaker stops asking one that is dead, the retry budget stops retries from
// multiplying the load of one that is slow. Pure logic: the caller brings the time, in milliseconds of a steady clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace dunlin::http_auth {

// Closed: everybody may ask. After `failures` in a row it opens: nobody may, for `open_ms`. Then it is half open: one
// probe may ask; its success closes, its failure opens again.
class Breaker {
 public:
  enum class State { closed, open, half_open };

  // The permission to ask once. Each is handed back by exactly one of succeeded, failed and abandoned.
  struct Permit {
    std::uint64_t epoch;
  };

  Breaker(int failures, std::int64_t open_ms) : limit_(failures), open_ms_(open_ms) {}

  std::optional<Permit> admit(std::int64_t now);
  void succeeded(Permit permit);
  void failed(Permit permit, std::int64_t now);
  // Nothing was learnt about the backend (whoever asked has left).
  void abandoned(Permit permit);

  State state() const { return state_; }
  std::uint64_t times_opened() const { return times_opened_; }

 private:
  void enter(State state);
  // An answer to a question from before the last change of state says nothing about now.
  bool current(Permit permit) const { return permit.epoch == epoch_; }

  const int limit_;
  const std::int64_t open_ms_;
  State state_ = State::closed;
  std::uint64_t epoch_ = 0;
  std::uint64_t times_opened_ = 0;
  int failures_ = 0;           // in a row, while closed
  bool probing_ = false;       // while half open
  std::int64_t open_until_ = 0;
};

// At most `percent` retries for a hundred requests, with `burst` saved up beforehand: a quiet server may retry too.
class RetryBudget {
 public:
  RetryBudget(int percent, int burst) : percent_(percent), most_(burst * kPrice), saved_(most_) {}

  void earn() { saved_ = std::min(most_, saved_ + percent_); }  // for each request that is not a retry
  bool spend() {
    if (saved_ < kPrice) return false;
    saved_ -= kPrice;
    return true;
  }

 private:
  static constexpr int kPrice = 100;  // of a retry, in hundredths: whole numbers do not drift
  const int percent_;
  const int most_;
  int saved_;
};

}  // namespace dunlin::http_auth

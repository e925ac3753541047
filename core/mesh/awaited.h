// SPDX-License-Identifier: Apache-2.0
// Awaited, Tallies: what a mesh waits for. Each has a ticket that travels with the question and comes back with the answer,
// and a deadline after which it is answered for whoever has not reported. [worker]
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/loop/timer_wheel.h"
#include "core/mesh/mesh.h"

namespace dunlin {

// One answer to each question.
template <class Outcome>
class Awaited {
 public:
  using Done = std::function<void(Outcome)>;

  explicit Awaited(TimerWheel& wheel) : wheel_(wheel) {}

  // `done` (may be empty) is called once: with what arrives, or with `late`.
  std::uint64_t expect(Done done, Millis within, Outcome late) {
    const std::uint64_t ticket = next_++;
    Question& question = *(questions_[ticket] = std::make_unique<Question>());
    question.done = std::move(done);
    question.deadline.on_fire([this, ticket, late = std::move(late)] { arrived(ticket, late); });
    wheel_.start(question.deadline, within);
    return ticket;
  }

  // Too late: nothing happens.
  void arrived(std::uint64_t ticket, Outcome outcome) {
    const auto answered = questions_.extract(ticket);
    if (answered && answered.mapped()->done) answered.mapped()->done(std::move(outcome));
  }

 private:
  struct Question {
    Done done;
    Timer deadline;
  };

  TimerWheel& wheel_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Question>> questions_;
  std::uint64_t next_ = 1;
};

// The parts of one tally, from several.
class Tallies {
 public:
  using Done = std::function<void(Tally)>;

  explicit Tallies(TimerWheel& wheel) : wheel_(wheel) {}

  // `done` is called once, with `known` and what so many others report; who does not in time counts as one failure each.
  // Never 0.
  std::uint64_t expect(unsigned missing, Tally known, Done done, Millis within);
  void report(std::uint64_t ticket, Tally tally);  // too late: nothing happens

 private:
  struct Gathering {
    Tally tally;
    unsigned missing;
    Done done;
    Timer deadline;
  };

  void give_up(std::uint64_t ticket);

  TimerWheel& wheel_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Gathering>> gatherings_;
  std::uint64_t next_ = 1;
};

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
// What nodes say to each other (docs/cluster.md, "On the wire"). A frame is a version, a type, and the fields of its
// struct in the order in which each() names them: integers are 8 bytes, little endian; texts and lists have their
// length before them. Texts of a frame that was read are views into it.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::wire {

constexpr std::uint8_t kVersion = 2;

enum class Type : std::uint8_t {
  heartbeat = 1, claim, taken, bye, interest, ask_interest, whole_interest, publish, tally, send, sent, call, called,
  knows,
  queue_beat, queue_consumer, queue_end, queue_leave, queue_give, queue_settle, queue_ack, queue_acked,  // queue_wire.h
  missed, answered, heard
};

// `boot` names a node as long as it runs: random, never used again. It is the sender's in every frame.
struct Heartbeat {
  static constexpr Type kType = Type::heartbeat;
  std::uint64_t boot = 0, number = 0, started_at_ms = 0, workers = 0, connections = 0, interest = 0;
  std::uint64_t hello = 0;  // 1: the sender may have missed what was said; each is to answer with its own
  std::string_view name, api_server, version;
  // Of each node that the sender knows: its boot, the last sequence that was sent there, the number of its interest that is
  // known here, and up to which it has heard when the sender's was answered. So a loss at the end shows, and a confirmation
  // that was lost comes again.
  std::vector<std::uint64_t> others;
  template <class F>
  void each(F&& f) {
    f(boot), f(number), f(started_at_ms), f(workers), f(connections), f(interest), f(hello), f(name), f(api_server),
        f(version), f(others);
  }
};

struct Claim {
  static constexpr Type kType = Type::claim;
  std::uint64_t boot = 0, number = 0;
  template <class F>
  void each(F&& f) { f(boot), f(number); }
};

struct Taken : Claim {
  static constexpr Type kType = Type::taken;
};

// `cut`: connections that it could not drain. Without any, what is still on its way to it is missed by nobody.
struct Bye {
  static constexpr Type kType = Type::bye;
  std::uint64_t boot = 0, cut = 0;
  template <class F>
  void each(F&& f) { f(boot), f(cut); }
};

// Turns interest number `from` into number `to`: first what goes, then what comes. Channels by their hash.
struct Interest {
  static constexpr Type kType = Type::interest;
  std::uint64_t boot = 0, from = 0, to = 0;
  std::vector<std::uint64_t> removed, added;
  template <class F>
  void each(F&& f) { f(boot), f(from), f(to), f(removed), f(added); }
};

struct AskInterest {
  static constexpr Type kType = Type::ask_interest;
  std::uint64_t boot = 0;
  template <class F>
  void each(F&& f) { f(boot); }
};

// All of it, in `parts` frames counted from 0.
struct WholeInterest {
  static constexpr Type kType = Type::whole_interest;
  std::uint64_t boot = 0, number = 0, part = 0, parts = 0;
  std::vector<std::uint64_t> channels;
  template <class F>
  void each(F&& f) { f(boot), f(number), f(part), f(parts), f(channels); }
};

// The sender knows the receiver's interest of this number.
struct Knows {
  static constexpr Type kType = Type::knows;
  std::uint64_t boot = 0, number = 0;
  template <class F>
  void each(F&& f) { f(boot), f(number); }
};

// Messages that were not sent to a node since it was silent: its boot, the publisher's, how many by now. From that node
// itself: how many of them it has counted.
struct Missed {
  static constexpr Type kType = Type::missed;
  std::uint64_t boot = 0;
  std::vector<std::uint64_t> rows;
  template <class F>
  void each(F&& f) { f(boot), f(rows); }
};

// Subscriptions that were answered before the receiver's confirmation of `number` had come: numbers of the sender's interest,
// ascending, and behind each for how many milliseconds what came since the one before had been answered by then.
struct Answered {
  static constexpr Type kType = Type::answered;
  std::uint64_t boot = 0, number = 0;
  std::vector<std::uint64_t> rows;
  template <class F>
  void each(F&& f) { f(boot), f(number), f(rows); }
};

// The sender has dealt with what the receiver said of its subscriptions up to this number.
struct Heard : Knows {
  static constexpr Type kType = Type::heard;
};

// `sequence` counts the publishes and sends from one node to another: a gap is a loss. Its upper bits count the
// streams: a sender that has forgotten a node and finds it again begins a new one. Ticket 0: no answer is wanted.
constexpr int kStreamBits = 40;
constexpr std::uint64_t kStreamMask = (std::uint64_t{1} << kStreamBits) - 1;

struct Publish {
  static constexpr Type kType = Type::publish;
  std::uint64_t boot = 0, sequence = 0, ticket = 0, kind = 0;
  std::string_view channel, payload;
  template <class F>
  void each(F&& f) { f(boot), f(sequence), f(ticket), f(kind), f(channel), f(payload); }
};

struct TallyOf {
  static constexpr Type kType = Type::tally;
  std::uint64_t boot = 0, ticket = 0, success = 0, fail = 0;
  template <class F>
  void each(F&& f) { f(boot), f(ticket), f(success), f(fail); }
};

struct Send {
  static constexpr Type kType = Type::send;
  std::uint64_t boot = 0, sequence = 0, ticket = 0, kind = 0, client = 0;
  std::string_view payload;
  template <class F>
  void each(F&& f) { f(boot), f(sequence), f(ticket), f(kind), f(client), f(payload); }
};

struct Sent {
  static constexpr Type kType = Type::sent;
  std::uint64_t boot = 0, ticket = 0, status = 0;
  template <class F>
  void each(F&& f) { f(boot), f(ticket), f(status); }
};

struct Call {
  static constexpr Type kType = Type::call;
  std::uint64_t boot = 0, ticket = 0, client = 0;
  std::string_view function;
  std::vector<std::string_view> arguments;
  template <class F>
  void each(F&& f) { f(boot), f(ticket), f(client), f(function), f(arguments); }
};

struct Called {
  static constexpr Type kType = Type::called;
  std::uint64_t boot = 0, ticket = 0, done = 0;
  std::string_view text;
  template <class F>
  void each(F&& f) { f(boot), f(ticket), f(done), f(text); }
};

// Where Publish and Send carry their sequence: it alone differs between the copies for several nodes.
constexpr std::size_t kSequenceAt = 2 + 8;

// Bytes that a publish or send needs besides its channel and payload.
constexpr std::size_t kOverhead = 128;

std::string write(Type type, std::size_t expected);
void put(std::string& out, std::uint64_t value);
void put(std::string& out, std::string_view value);
void put(std::string& out, const std::vector<std::uint64_t>& value);
void put(std::string& out, const std::vector<std::string_view>& value);
void put_at(std::string& out, std::size_t place, std::uint64_t value);

template <class Frame>
std::string encode(Frame frame) {
  std::string out = write(Frame::kType, 128);
  frame.each([&out](const auto& field) { put(out, field); });
  return out;
}

// Reads fields until one is not there; then everything else fails, too.
class Reader {
 public:
  explicit Reader(std::string_view frame) : left_(frame) {}
  void operator()(std::uint64_t& value);
  void operator()(std::string_view& value);
  void operator()(std::vector<std::uint64_t>& value);
  void operator()(std::vector<std::string_view>& value);
  bool good() const { return good_; }
  bool whole() const { return good_ && left_.empty(); }

 private:
  std::size_t length(std::size_t each);
  std::string_view left_;
  bool good_ = true;
};

// False: it is no frame of this version.
bool type_of(std::string_view frame, Type& type);

// REQUIRES: type_of() said that it is a Frame.
template <class Frame>
bool decode(std::string_view bytes, Frame& frame) {
  Reader reader(bytes.substr(2));
  frame.each(reader);
  return reader.whole();
}

}  // namespace dunlin::wire

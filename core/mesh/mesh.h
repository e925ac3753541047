// SPDX-License-Identifier: Apache-2.0
// Mesh: takes a message to the subscribers of a channel, or to one connection, wherever they are: this worker, another
// worker of this node, another node. One object a worker, used on that worker only.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/channel_name.h"
#include "core/base/ids.h"
#include "core/base/message.h"
#include "core/mesh/conn_call.h"

namespace dunlin {

struct Tally {
  std::uint64_t success = 0;  // connections that the message was handed to
  std::uint64_t fail = 0;     // connections that it could not be handed to, and whoever did not report in time
  bool partial = false;       // the cluster's engine was not there: what other nodes have subscribed is not in it
  Tally& operator+=(const Tally& other) {
    success += other.success;
    fail += other.fail;
    partial |= other.partial;
    return *this;
  }
  bool operator==(const Tally&) const = default;
};

// failed: it could not be encoded. unreachable: the cluster's engine is gone, here or
// there, its node has ended without a word, or it is not known who else is there.
enum class SendStatus { sent, no_such_connection, full, timeout, failed, unreachable };

struct NodeInfo {
  std::string id, name, api_server, version;
  std::int64_t started_at_ms = 0;
  std::uint64_t connections = 0;
  unsigned workers = 0;
};

// What a worker does with a message that has reached it. [worker]
class Deliverer {
 public:
  virtual Tally deliver(std::string_view channel, const MessageRef& message) = 0;
  virtual SendStatus deliver_to(ClientId id, const MessageRef& message) = 0;
  // `done` is called once, on this worker, at once or later.
  virtual void call(ClientId, const ConnCall&, std::function<void(CallOutcome)> done) { done({false, "no such connection"}); }

 protected:
  ~Deliverer() = default;
};

// [worker]
class Mesh {
 public:
  using PublishDone = std::function<void(Tally)>;
  using SendDone = std::function<void(SendStatus)>;
  using CallDone = std::function<void(CallOutcome)>;

  virtual ~Mesh() = default;
  // `done` (may be empty) is called once, on this worker: at once when only this worker is concerned, later otherwise,
  // at the latest when the deadline has passed: what has not reported by then counts as one failure each.
  virtual void publish(std::string_view channel, const MessageRef& message, PublishDone done) = 0;
  virtual void send(ClientId id, const MessageRef& message, SendDone done) = 0;
  // As send(); `done` is not empty.
  virtual void call(ClientId id, const ConnCall& call, CallDone done) {
    static_cast<void>(id), static_cast<void>(call);
    done({false, "this mesh reaches no connection by a call"});
  }
  // As publish(), but `done` is told of this node's subscribers only, and waits for nobody else.
  virtual void publish_waiting_here(std::string_view channel, const MessageRef& message, PublishDone done) {
    publish(channel, message, std::move(done));
  }
  // Bytes that the channel and the payload of one message may have together; a caller refuses more.
  virtual std::size_t largest() const { return std::numeric_limits<std::size_t>::max(); }
};

}  // namespace dunlin

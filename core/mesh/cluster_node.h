// SPDX-License-Identifier: Apache-2.0
// ClusterNode: this node's part in the cluster, on a thread of its own: the engine, the logic (cluster.h), and the way
// between them and the workers. A stalled engine stops neither the workers nor the server's own loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/base/log.h"
#include "core/loop/loop.h"
#include "core/loop/mailbox.h"
#include "core/loop/timer_wheel.h"
#include "core/mesh/cluster.h"
#include "core/mesh/engine.h"
#include "core/mesh/local_mesh.h"

namespace dunlin {

class ClusterNode final : private ClusterHost {
 public:
  // What it needs of the server from serve() on; all are used on the cluster's thread.
  struct Local {
    const std::vector<LocalMesh::Neighbour>* neighbours = nullptr;  // outlive stop(), as does …
    const WorkerInterest* interest = nullptr;
    std::function<std::uint64_t()> connections;
  };

  // `evicted` is called on the cluster's thread: another node has this one's number, the server must stop.
  ClusterNode(std::uint64_t boot, const NodeInfo& info, Millis deadline, std::unique_ptr<MeshEngine> engine, Log& log,
              std::function<void()> evicted);
  ~ClusterNode();
  ClusterNode(const ClusterNode&) = delete;
  ClusterNode& operator=(const ClusterNode&) = delete;

  // [setup] Connects and claims a number, which takes a third of a second; waits no longer than `at_most`,
  // and until `given_up` says so, which is asked all the while.
  Result<unsigned> join(Millis at_most, const std::function<bool()>& given_up);
  // [setup] From here on messages come in.
  void serve(Local local);
  // [setup] Says good-bye. `cut`: connections that could not be drained. REQUIRES: the workers' threads have ended, the
  // workers are still there.
  void stop(std::uint64_t cut);

  // [any-thread]
  // Something is published here: whether another node may want it.
  bool published(std::uint64_t hash) {
    counts_.add(hash);
    return filter_.maybe(hash);
  }
  // Whether it is known what all the others want; that it is not is counted, for the publish that asks.
  bool complete();
  std::size_t largest_message() const;
  std::vector<NodeInfo> nodes();
  void collect(std::vector<Sample>& out) const { stats_.collect(out); }
  // `known` is called on the cluster's thread, when the other nodes have heard of it or will not in time.
  void wanted(std::uint64_t hash, std::function<void()> known);
  void unwanted(std::uint64_t hash);
  // `done` is called on the cluster's thread. False: too much waits for it already; nothing happens.
  bool publish(std::string_view channel, const MessageRef& message, Mesh::PublishDone done);
  bool send(ClientId id, const MessageRef& message, Mesh::SendDone done);
  bool call(ClientId id, const ConnCall& call, Mesh::CallDone done);
  // What else uses the cluster: `task` runs on its thread; `part` is attached there and outlives stop(). send() there.
  bool post(std::function<void()> task) { return mailbox_.post(std::move(task)); }
  bool post(std::size_t bytes, std::function<void()> task) { return take(bytes, std::move(task)); }  // false: too much waits
  void attach(ClusterPart& part);
  bool send_frame(std::uint64_t boot, std::string_view frame) { return cluster_.up() && send(boot, frame); }

 private:
  Result<unsigned> await_number(std::future<unsigned> number, Millis at_most, const std::function<bool()>& given_up);
  struct Gathering {
    Tally tally;
    std::size_t missing;
    std::function<void(Tally)> done;
  };

  bool take(std::size_t bytes, std::function<void()> task);
  void arrived(std::string_view frame);
  void tick();
  void report(std::uint64_t id, Tally tally);

  bool broadcast(std::string_view frame) override;
  bool send(std::uint64_t boot, std::string_view frame) override;
  bool ask(std::uint64_t boot, std::string_view frame) override;
  bool fits(std::string_view frame);
  std::size_t largest() const override { return engine_->largest(); }
  const PublishCounts& published_here() const override { return counts_; }
  void deliver(std::string_view channel, const MessageRef& message, std::function<void(Tally)> done) override;
  void deliver_to(ClientId id, const MessageRef& message, std::function<void(SendStatus)> done) override;
  void call_here(ClientId id, const ConnCall& call, Mesh::CallDone done) override;
  void claimed(unsigned number) override;
  void evicted() override { evicted_(); }
  std::uint64_t connections() override { return local_.connections ? local_.connections() : 0; }

  const std::uint64_t boot_;
  Log& log_;
  const std::function<void()> evicted_;
  InterestFilter filter_;
  PublishCounts counts_;
  ClusterStats stats_;
  std::atomic<bool> up_{false};
  std::atomic<std::int64_t> complete_until_{0};  // steady_ms(): so long the others' interest is known, without news
  std::atomic<std::size_t> queued_{0};      // bytes of the workers' messages in the mailbox
  std::atomic<std::size_t> arriving_{0};    // of the others' there
  std::atomic<std::size_t> delivering_{0};  // of the others' in the workers' mailboxes, counted for each
  std::mutex nodes_lock_;
  std::vector<NodeInfo> nodes_;

  Loop loop_;
  TimerWheel wheel_;
  Mailbox mailbox_;
  Timer tick_;
  std::unique_ptr<MeshEngine> engine_;
  Cluster cluster_;
  Local local_;
  std::unordered_map<std::uint64_t, Gathering> gatherings_;  // tallies of this node's workers, for another's publish
  std::uint64_t next_gathering_ = 1;
  std::promise<unsigned> number_;
  std::thread thread_;
};

}  // namespace dunlin

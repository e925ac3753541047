// SPDX-License-Identifier: Apache-2.0
// Worker: one thread with its own loop, connections, channels and module instances. It shares nothing with the other
// workers but immutable messages; they meet in the mailboxes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/api/api.h"
#include "core/base/crash.h"
#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/base/result.h"
#include "core/config/config.h"
#include "core/hub/channels.h"
#include "core/loop/loop.h"
#include "core/loop/mailbox.h"
#include "core/loop/timer_wheel.h"
#include "core/mesh/cluster_mesh.h"
#include "core/mesh/cluster_node.h"
#include "core/mesh/local_mesh.h"
#include "core/net/connection_limits.h"
#include "core/net/http_client.h"
#include "core/net/http_server.h"
#include "core/net/redis_client.h"
#include "core/net/tcp_server.h"
#include "core/net/ws_server.h"
#include "core/plugin/generation.h"
#include "core/plugin/runtime.h"
#include "core/session/served.h"
#include "core/session/session_table.h"
#include "core/worker/durable_worker_queue.h"
#include "core/worker/filtered_mesh.h"
#include "core/worker/reload_figures.h"
#include "core/worker/worker_queue.h"
#include "core/worker/worker_services.h"

namespace dunlin {

class Worker;

// What the workers of a node have in common: what never changes while it runs, and who they are.
struct Node {
  const Config& config;       // as it was started: what a reload may change is read from the generation in force
  const Generation& first;    // what the workers begin with
  const ReloadFigures& reloads;
  Log& log;
  ConnectionLimits& limits;
  NodeInfo info;                                   // connections is filled in from the workers
  WorkerInterest interest;                         // who of them has a subscriber
  std::vector<LocalMesh::Neighbour> neighbours;    // complete before the first worker runs
  std::vector<WorkerQueue::Neighbour> queues;      // likewise
  TopicCount topics;
  std::vector<Worker*> workers;
  std::atomic<bool> draining{false};
  unsigned number = 1;                             // of this node in client ids
  ClusterNode* cluster = nullptr;                  // nullptr: this node is alone
  RemoteQueue* remote_queue = nullptr;             // likewise, and with durable topics
  DurableTopics* durable = nullptr;                // nullptr: topics are the workers' own
};

class Worker final : private Deliverer, private ApiHost {
 public:
  // Listening sockets, taken over: one a client listener, and the API's and the directory's (-1: not on this worker).
  struct Sockets {
    std::vector<int> clients;
    int api = -1;
    int directory = -1;
  };

  // [setup] Everything that must happen before any worker runs, one worker after another.
  static Result<std::unique_ptr<Worker>> create(Node& node, unsigned index, Sockets sockets);
  ~Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // The thread's function: creates the module instances, tells `ready`, serves when told to, until stop().
  void run(const std::function<void(Status)>& ready);

  // [setup] Ends a worker that was created and never run.
  void abandon() { tear_down(); }

  // [any-thread] Each takes effect on the worker.
  void serve();
  void drain(std::function<void()> drained);  // `drained` is called on this worker
  void stop();

  // [any-thread] A swap (worker_swap.cpp), step by step; each callback is called on this worker. `next` is kept alive by
  // the caller until it was abandoned, or put in force and retired.
  void prepare(const Generation& next, std::function<void(Status)> prepared);  // makes the module instances
  void abandon(const Generation& next, std::function<void()> abandoned);       // REQUIRES: prepared
  void put_in_force(const Generation& next, Millis deadline, std::function<void()> retired);  // of the one before

  Mailbox& mailbox() { return mailbox_; }
  LocalMesh::Neighbour neighbour() { return {&mailbox_, this, &mesh_}; }
  WorkerQueue::Neighbour queue_neighbour() { return {&mailbox_, &queue_}; }
  const CrashNote* note() const { return note_.load(); }  // of its thread, from `ready` until it ends
  bool ended() const { return ended_.load(); }
  DurableWorkerQueue::Neighbour durable_neighbour() { return {&mailbox_, &durable_queue_}; }
  std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }

 private:
  Worker(Node& node, unsigned index, Sockets sockets);

  Status listen();
  void end_turn();
  void drain_some();
  void tear_down();
  void retire_some();

  Tally deliver(std::string_view channel, const MessageRef& message) override;
  SendStatus deliver_to(ClientId id, const MessageRef& message) override;
  void call(ClientId id, const ConnCall& call, std::function<void(CallOutcome)> done) override;
  CallOutcome call_now(ClientId id, const ConnCall& call);
  void interest(std::string_view channel, bool wanted);

  Mesh& mesh() override { return filtered_; }
  std::vector<ModuleRoute> module_routes() override;
  void serve_module(std::size_t route, const HttpCall& call, HttpResponder responder) override;
  Queue& queue() override { return node_.durable ? static_cast<Queue&>(durable_queue_) : queue_; }
  void offload(std::function<void()> work, std::function<void()> done) override {
    loop_.offload(std::move(work), std::move(done));
  }
  Counters& counters() override { return counters_; }
  bool draining() override { return node_.draining.load(std::memory_order_relaxed); }
  void collect(std::function<void(std::vector<Sample>)> done) override;
  std::vector<NodeInfo> nodes() override;

  std::vector<Sample> samples() const;

  Node& node_;
  const unsigned index_;
  Sockets sockets_;
  Loop loop_;
  TimerWheel wheel_;
  Mailbox mailbox_;
  Counters counters_;
  Flusher flusher_;
  Channels channels_;
  SessionTable sessions_;
  LocalMesh mesh_;
  ClusterMesh cluster_mesh_;
  FilteredMesh filtered_;  // what publishes from outside and from modules go through
  WorkerQueue queue_;
  DurableWorkerQueue durable_queue_;
  HttpClient http_client_;
  RedisClient redis_client_;
  WorkerServices services_;
  std::unique_ptr<ModuleRuntime> modules_;
  std::unique_ptr<Served> served_;  // in force
  struct Retiring {
    std::unique_ptr<Served> served;  // nullptr: it was never in force
    const Generation* generation;
    std::int64_t deadline_ms;
    std::function<void()> retired;
  };
  std::vector<Retiring> retiring_;
  Timer retire_timer_;
  Timer settle_timer_;
  WsServer ws_;
  TcpServer tcp_;
  Api api_;
  HttpServer api_server_;
  HttpServer directory_server_;
  Timer drain_timer_;
  std::size_t drain_batch_ = 0;
  std::function<void()> drained_;
  std::atomic<std::uint64_t> connections_{0};
  std::atomic<const CrashNote*> note_{nullptr};
  std::atomic<bool> ended_{false};
};

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
#include "core/worker/worker.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/crash.h"

namespace dunlin {
namespace {

constexpr Millis kCollect{2000};     // for the figures of the other workers
constexpr Millis kSettleGrace{250};
constexpr Millis kDrainTick{20};
constexpr std::size_t kDrainPace = 10;  // at least this many a tick: few connections need not wait

}  // namespace

Worker::Worker(Node& node, unsigned index, Sockets sockets)
    : node_(node), index_(index), sockets_(std::move(sockets)), wheel_(loop_), mailbox_(loop_), flusher_(counters_),
      channels_(flusher_, counters_),
      sessions_(node.number, index, channels_, flusher_, wheel_, counters_, node.log,
                [this](std::function<void()> task) { loop_.defer(std::move(task)); }),
      mesh_(node.number, index, node.neighbours, node.interest, wheel_, node.config.mesh_deadline, counters_),
      cluster_mesh_(mesh_, node.cluster, node.number, mailbox_, wheel_, node.config.mesh_deadline),
      filtered_(cluster_mesh_, loop_, counters_),
      queue_(index, node.queues, loop_, wheel_, node.config.mesh_deadline,
             {node.config.queue_size, node.config.queue_bytes, node.config.queue_ack.count()}, node.topics,
             node.number, node.remote_queue),
      durable_queue_(node.number, index, loop_, mailbox_, node.durable),
      http_client_(loop_), redis_client_(loop_, wheel_, node.log, node.config.redis, node.config.workers),
      services_(loop_, wheel_, mailbox_, sessions_, filtered_, queue(), http_client_, redis_client_),
      served_(std::make_unique<Served>(node.first)), retire_timer_([this] { retire_some(); }),
      settle_timer_([this] { sessions_.settling().settle(sessions_.settling().begun()); }),
      ws_({loop_, wheel_, flusher_, sessions_, counters_, node.log, served_.get(), node.limits}),
      tcp_({loop_, wheel_, flusher_, sessions_, counters_, node.log, served_.get(), node.limits}),
      api_(node.config, node.info.id, *this, node.log),
      api_server_(loop_, wheel_, Api::settings(node.config),
                  [this](const HttpCall& call, HttpResponder responder) { api_.serve(call, std::move(responder)); },
                  [this](int status, std::string_view why) { return api_.refused(status, why); }),
      directory_server_(
          loop_, wheel_, Api::settings(node.config),
          [this](const HttpCall& call, HttpResponder responder) { api_.serve_directory(call, std::move(responder)); },
          [this](int status, std::string_view why) { return api_.refused(status, why); }),
      drain_timer_([this] { drain_some(); }) {
  sessions_.serve(*served_);
  if (node.cluster || node.config.workers > 1)
    sessions_.fanout().on_interest([this](std::string_view channel, bool wanted) { interest(channel, wanted); });
}

Result<std::unique_ptr<Worker>> Worker::create(Node& node, unsigned index, Sockets sockets) {
  std::unique_ptr<Worker> worker(new Worker(node, index, std::move(sockets)));
  if (Status listening = worker->listen(); !listening) {
    worker->tear_down();
    return listening.error();
  }
  return worker;
}

// Each listening socket to the server that speaks its protocol.
Status Worker::listen() {
  std::vector<int> websockets;
  for (std::size_t i = 0; i < sockets_.clients.size(); ++i) {
    const bool raw = node_.config.listeners[i].protocol() == Protocol::socket;
    websockets.push_back(raw ? -1 : sockets_.clients[i]);
    if (!raw) continue;
    if (Status created = tcp_.create(i, sockets_.clients[i]); !created) return created;
  }
  return ws_.create(websockets);
}

void Worker::run(const std::function<void(Status)>& ready) {
  const CrashStack stack(index_);
  note_ = crash_note();
  auto modules = ModuleRuntime::create(node_.first.modules, services_, sessions_, node_.log, index_);
  if (modules) {
    modules_ = std::move(*modules);
    sessions_.use(*modules_);
    filtered_.use(modules_.get());
    tcp_.use(*modules_);
    loop_.at_turn_end([this] { end_turn(); });
    ready(ok());
    loop_.run();
  } else {
    ready(modules.error());
  }
  tear_down();
  note_ = nullptr;
  ended_ = true;
}

void Worker::serve() {
  mailbox_.post([this] {
    ws_.start_accepting();
    tcp_.start_accepting();
    if (sockets_.api >= 0) api_server_.start(std::exchange(sockets_.api, -1));
    if (sockets_.directory >= 0) directory_server_.start(std::exchange(sockets_.directory, -1));
  });
}

// Everything that a turn leaves to its end, until nothing is left: writes, overflows, goodbyes.
void Worker::end_turn() {
  mesh_.end_turn();  // first: the other workers write while this one does
  do {
    sessions_.fanout().end_turn();
    flusher_.report_overflows();
    ws_.end_turn();
    tcp_.end_turn();
    sessions_.end_turn();
  } while (flusher_.busy() || ws_.busy() || tcp_.busy() || sessions_.busy());
  api_server_.end_turn();
  directory_server_.end_turn();
  mesh_.end_turn();  // what all that has published
  connections_.store(sessions_.size(), std::memory_order_relaxed);
}

void Worker::drain(std::function<void()> drained) {
  mailbox_.post([this, drained = std::move(drained)]() mutable {
    ws_.stop_accepting();
    tcp_.stop_accepting();
    ws_.drain();
    tcp_.drain();
    api_server_.drain();
    directory_server_.drain();
    drained_ = std::move(drained);
    // Spread over most of the time, so that the clients do not come back all at once elsewhere.
    const auto ticks = static_cast<std::size_t>(std::max<std::int64_t>(served_->config().shutdown * 8 / 10 / kDrainTick, 1));
    drain_batch_ = std::max(sessions_.size() / ticks + 1, kDrainPace);
    drain_some();
  });
}

void Worker::drain_some() {
  const std::size_t left = sessions_.drain(drain_batch_);
  if (left == 0 && ws_.connections() + tcp_.connections() == 0 && !api_server_.busy()) {  // a publish that was taken is answered
    if (const auto drained = std::exchange(drained_, nullptr)) drained();
    return;
  }
  wheel_.start(drain_timer_, kDrainTick);
}

void Worker::stop() {
  mailbox_.post([this] { loop_.stop(); });
}

// On the worker's thread, after the last turn. The mailbox stays open: the others may still post to it.
void Worker::tear_down() {
  loop_.at_turn_end(nullptr);
  drain_timer_.stop();
  retire_timer_.stop();
  settle_timer_.stop();
  for (const int fd : {sockets_.api, sockets_.directory})
    if (fd >= 0) ::close(fd);
  api_server_.close();
  directory_server_.close();
  if (modules_) {
    sessions_.drain(sessions_.size());
    end_turn();
    sessions_.end_turn();
    filtered_.use(nullptr);
    modules_.reset();
  }
  http_client_.close();
  redis_client_.close();
  tcp_.close();
  if (queue_.messages() > 0) node_.log.warn("messages of topics are lost", {{"messages", queue_.messages()}});
  ws_.close();
  wheel_.close();
  mailbox_.unref();
  loop_.run();  // until what was closed has closed
  ws_.finish_close();
  loop_.run();
}

// The cluster's thread keeps the deadline of what settles; the timer is for when it does not come to it.
void Worker::interest(std::string_view channel, bool wanted) {
  mesh_.interest(channel, wanted);
  if (!node_.cluster) return;
  if (!wanted) return cluster_mesh_.unwanted(channel);
  const std::uint64_t number = sessions_.settling().begin();
  cluster_mesh_.wanted(channel, [this, number] {
    sessions_.settling().settle(number);
    if (!sessions_.settling().busy()) settle_timer_.stop();
  });
  if (!settle_timer_.active()) wheel_.start(settle_timer_, node_.config.mesh_deadline + kSettleGrace);
}

Tally Worker::deliver(std::string_view channel, const MessageRef& message) {
  const Channels::Delivered delivered = sessions_.fanout().publish(channel, message);
  return {delivered.success, delivered.fail};
}

SendStatus Worker::deliver_to(ClientId id, const MessageRef& message) {
  Session* session = sessions_.find(id);
  if (!session) return SendStatus::no_such_connection;
  switch (session->deliver(message)) {
    case SendResult::sent: counters_.add(Counter::deliveries); return SendStatus::sent;
    case SendResult::full: return SendStatus::full;
    case SendResult::failed: return SendStatus::failed;
    case SendResult::gone: break;
  }
  return SendStatus::no_such_connection;
}

std::vector<NodeInfo> Worker::nodes() {
  if (node_.cluster) return node_.cluster->nodes();
  NodeInfo self = node_.info;
  for (const Worker* worker : node_.workers) self.connections += worker->connections();
  return {self};
}

std::vector<Sample> Worker::samples() const {
  std::vector<Sample> out;
  const auto gauge = [&](const char* name, const char* help, std::uint64_t value, bool per_worker = false) {
    Sample sample{.name = name, .help = help, .type = MetricType::gauge, .labels = {}, .buckets = {}};
    if (per_worker) sample.labels.emplace_back("worker", std::to_string(index_));
    sample.value = static_cast<double>(value);
    out.push_back(std::move(sample));
  };
  counters_.collect(out);
  sessions_.collect(out);
  modules_->collect(out);
  gauge("dunlin_connections", "Client connections now, those in their handshake included", ws_.connections() + tcp_.connections(),
        true);
  gauge("dunlin_channels", "Channels with a subscriber, counted on each worker", sessions_.fanout().channels());
  gauge("dunlin_subscriptions", "Subscriptions now", sessions_.fanout().subscriptions());
  gauge("dunlin_outbox_bytes", "Bytes that wait for clients that read slowly", flusher_.waiting_bytes(), true);
  gauge("dunlin_outboxes_waiting", "Connections for which something waits", flusher_.waiting_boxes());
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
    out.push_back({.name = name, .help = help, .labels = {}, .value = static_cast<double>(value), .buckets = {}});
  };
  counter("dunlin_mails_total", "Tasks that workers got from other threads", mailbox_.mails());
  counter("dunlin_wake_ups_total", "Wake-ups of workers by other threads; each takes all tasks that wait", mailbox_.wake_ups());
  api_.collect(out);
  redis_client_.collect(out);
  queue_.collect(out);
  const HttpServer::SocketFigures& sockets = api_server_.sockets();
  gauge("dunlin_api_sockets", "Connections of the WebSocket API now", sockets.open);
  for (std::size_t i = 0; i < kSocketEnds; ++i)
    out.push_back({.name = "dunlin_api_sockets_closed_total", .help = "WebSocket API connections that ended, by reason",
                   .type = MetricType::counter,
                   .labels = {{"reason", socket_end_label(static_cast<SocketEnd>(i))}},
                   .value = static_cast<double>(sockets.ended[i]), .buckets = {}});
  if (node_.cluster && index_ == 0) node_.cluster->collect(out);
  if (node_.durable && index_ == 0) node_.durable->collect(out);
  return out;
}

void Worker::collect(std::function<void(std::vector<Sample>)> done) {
  struct Gathering {
    std::vector<Sample> samples;
    std::size_t missing;
    std::function<void(std::vector<Sample>)> done;
    Timer deadline;
    void finish() {
      if (const auto tell = std::exchange(done, nullptr)) tell(std::move(samples));
    }
  };
  auto all = std::make_shared<Gathering>();
  all->samples = samples();
  node_.reloads.collect(all->samples);  // they are the node's, and counted once
  all->missing = node_.workers.size() - 1;
  all->done = std::move(done);
  if (all->missing == 0) return all->finish();
  // The workers share no loop: the timer, too, is this worker's, and ends with the last who knows of `all`.
  all->deadline.on_fire([weak = std::weak_ptr<Gathering>(all)] {
    if (const auto late = weak.lock()) late->finish();
  });
  wheel_.start(all->deadline, kCollect);
  for (Worker* worker : node_.workers) {
    if (worker == this) continue;
    worker->mailbox_.post([this, worker, all]() mutable {
      auto theirs = std::make_shared<std::vector<Sample>>(worker->samples());
      // Handed back whole, so that `all` is touched and destroyed on its own worker only.
      mailbox_.post([theirs, all = std::move(all)] {
        std::move(theirs->begin(), theirs->end(), std::back_inserter(all->samples));
        if (--all->missing > 0) return;
        all->deadline.stop();
        all->finish();
      });
    });
  }
}

}  // namespace dunlin

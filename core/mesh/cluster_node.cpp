// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/cluster_node.h"

#include <random>
#include <utility>

#include <fmt/format.h>

namespace dunlin {
namespace {

constexpr Millis kTick{50};
constexpr std::size_t kMostQueued = 64 * 1024 * 1024;

bool droppable(std::string_view frame) {
  wire::Type type;
  return wire::type_of(frame, type) && (type == wire::Type::publish || type == wire::Type::send);
}

Cluster::Settings settings_of(std::uint64_t boot, const NodeInfo& info, Millis deadline) {
  Cluster::Settings settings;
  settings.boot = boot;
  settings.info = info;
  settings.deadline_ms = deadline.count();
  settings.seed = boot;
  return settings;
}

}  // namespace

ClusterNode::ClusterNode(std::uint64_t boot, const NodeInfo& info, Millis deadline, std::unique_ptr<MeshEngine> engine,
                         Log& log, std::function<void()> evicted)
    : boot_(boot), log_(log), evicted_(std::move(evicted)), wheel_(loop_), mailbox_(loop_), tick_([this] { tick(); }),
      engine_(std::move(engine)), cluster_(settings_of(boot, info, deadline), *this, filter_, stats_, log) {}

ClusterNode::~ClusterNode() { stop(0); }

Result<unsigned> ClusterNode::join(Millis at_most, const std::function<bool()>& given_up) {
  auto number = number_.get_future();
  thread_ = std::thread([this] {
    loop_.at_turn_end([this] {
      cluster_.turn();
      if (!cluster_.complete()) complete_until_ = 0;
      engine_->flush();
    });
    wheel_.start(tick_, kTick);
    loop_.run();
  });
  const Status opened = engine_->open(boot_, {.connected = [this] { mailbox_.post([this] {
                                                up_ = true;
                                                cluster_.connected(steady_ms());
                                              }); },
                                              .disconnected = [this] {
                                                up_ = false;
                                                complete_until_ = 0;
                                                mailbox_.post([this] { cluster_.disconnected(steady_ms()); });
                                              },
                                              .received = [this](std::string_view frame) { arrived(frame); },
                                              .nobody = [this](std::uint64_t boot) {
                                                mailbox_.post([this, boot] { cluster_.nobody(boot); });
                                              }});
  if (!opened) return opened.error();
  return await_number(std::move(number), at_most, given_up);
}

Result<unsigned> ClusterNode::await_number(std::future<unsigned> number, Millis at_most, const std::function<bool()>& given_up) {
  constexpr Millis kAsk{50}, kSoon{500};
  const std::int64_t begun = steady_ms();
  for (bool told = false; number.wait_for(kAsk) != std::future_status::ready;) {
    const Millis waited{steady_ms() - begun};
    if (given_up()) return fail(Errc::unavailable, "mesh: stopped before the node had joined");
    if (waited >= at_most)
      return fail(Errc::unavailable, up_ ? std::string("mesh: no node number could be claimed in time")
                                         : fmt::format("mesh: {} could not be reached in time; see the log", engine_->name()));
    if (waited >= kSoon && !up_ && !std::exchange(told, true))
      log_.warn("the mesh's engine is not reached yet: the start waits for it", {{"engine", engine_->name()}, {"at_most_ms", at_most.count()}});
  }
  return number.get();
}

// A message for which there is no room is lost; the sender's numbers tell.
void ClusterNode::arrived(std::string_view frame) {
  if (arriving_.load(std::memory_order_relaxed) > kMostQueued && droppable(frame)) return;
  arriving_.fetch_add(frame.size(), std::memory_order_relaxed);
  mailbox_.post([this, copy = std::string(frame)] {
    arriving_.fetch_sub(copy.size(), std::memory_order_relaxed);
    cluster_.received(copy, steady_ms());
  });
}

void ClusterNode::serve(Local local) {
  mailbox_.post([this, local = std::move(local)]() mutable { local_ = std::move(local); });
}

void ClusterNode::attach(ClusterPart& part) {
  mailbox_.post([this, &part] { cluster_.attach(part, steady_ms()); });
}

void ClusterNode::stop(std::uint64_t cut) {
  if (!thread_.joinable()) {
    engine_->close();
  } else {
    mailbox_.post([this, cut] {
      cluster_.leave(cut);
      loop_.stop();
    });
    thread_.join();
    engine_->close();
  }
  loop_.at_turn_end(nullptr);
  tick_.stop();
  wheel_.close();
  mailbox_.close();
  loop_.run();
}

void ClusterNode::tick() {
  cluster_.tick(steady_ms());
  {
    const std::lock_guard lock(nodes_lock_);
    nodes_ = cluster_.nodes(steady_ms());
  }
  complete_until_ = cluster_.complete() ? steady_ms() + cluster_.patience() : 0;
  wheel_.start(tick_, kTick);
}

bool ClusterNode::complete() {
  if (steady_ms() <= complete_until_.load(std::memory_order_acquire)) return true;
  ++stats_.partial;
  return false;
}

std::vector<NodeInfo> ClusterNode::nodes() {
  const std::lock_guard lock(nodes_lock_);
  return nodes_;
}

std::size_t ClusterNode::largest_message() const {
  const std::size_t frame = engine_->largest();
  return frame > wire::kOverhead ? frame - wire::kOverhead : 0;
}

bool ClusterNode::take(std::size_t bytes, std::function<void()> task) {
  if (queued_.fetch_add(bytes, std::memory_order_relaxed) + bytes > kMostQueued) {
    queued_.fetch_sub(bytes, std::memory_order_relaxed);
    ++stats_.overload;
    return false;
  }
  return mailbox_.post([this, bytes, task = std::move(task)] {
    queued_.fetch_sub(bytes, std::memory_order_relaxed);
    task();
  });
}

void ClusterNode::wanted(std::uint64_t hash, std::function<void()> known) {
  mailbox_.post([this, hash, known = std::move(known)]() mutable { cluster_.subscribed(hash, std::move(known)); });
}

void ClusterNode::unwanted(std::uint64_t hash) {
  mailbox_.post([this, hash] { cluster_.unsubscribed(hash, steady_ms()); });
}

bool ClusterNode::publish(std::string_view channel, const MessageRef& message, Mesh::PublishDone done) {
  return take(message->frame().size() + channel.size(),
              [this, name = std::string(channel), message, done = std::move(done)]() mutable {
                cluster_.publish(name, message, std::move(done), steady_ms());
              });
}

bool ClusterNode::send(ClientId id, const MessageRef& message, Mesh::SendDone done) {
  return take(message->frame().size(), [this, id, message, done = std::move(done)]() mutable {
    cluster_.send(id, message, std::move(done), steady_ms());
  });
}

bool ClusterNode::call(ClientId id, const ConnCall& call, Mesh::CallDone done) {
  return take(0, [this, id, call, done = std::move(done)]() mutable { cluster_.call(id, call, std::move(done), steady_ms()); });
}

bool ClusterNode::broadcast(std::string_view frame) {
  stats_.bytes_out += frame.size();
  return engine_->broadcast(frame);
}

bool ClusterNode::send(std::uint64_t boot, std::string_view frame) { return fits(frame) && engine_->send(boot, frame); }

bool ClusterNode::ask(std::uint64_t boot, std::string_view frame) { return fits(frame) && engine_->ask(boot, frame); }

// Counts it, either way.
bool ClusterNode::fits(std::string_view frame) {
  if (frame.size() > engine_->largest()) {
    ++stats_.too_large;
    log_.warn("a message is larger than the mesh's engine takes",
              {{"engine", engine_->name()}, {"bytes", frame.size()}, {"most", engine_->largest()}});
    return false;
  }
  stats_.bytes_out += frame.size();
  return true;
}

void ClusterNode::claimed(unsigned number) {
  number_.set_value(number);
}

// To all workers that may have a subscriber. What they have no room for any more counts as failed.
void ClusterNode::deliver(std::string_view channel, const MessageRef& message, std::function<void(Tally)> done) {
  const std::size_t bytes = message->frame().size();
  const bool full = delivering_.load(std::memory_order_relaxed) > kMostQueued;
  if (full) ++stats_.overload;
  if (!local_.neighbours || full) {
    if (done) done({0, full ? 1u : 0u});
    return;
  }
  const WorkerInterest::Workers to = local_.interest->of(channel_hash(channel));
  if (to == 0) {
    if (done) done({});
    return;
  }
  std::uint64_t id = 0;  // 0: nobody wants to know
  if (done) {
    id = next_gathering_++;
    gatherings_[id] = {.tally = {}, .missing = local_.interest->count(to), .done = std::move(done)};
  }
  for (unsigned worker = 0; worker < local_.neighbours->size(); ++worker) {
    if ((to & WorkerInterest::bit_of(worker)) == 0) continue;
    const LocalMesh::Neighbour& neighbour = (*local_.neighbours)[worker];
    delivering_.fetch_add(bytes, std::memory_order_relaxed);
    const bool posted = neighbour.mailbox->post([this, &neighbour, id, bytes, name = std::string(channel), message] {
      delivering_.fetch_sub(bytes, std::memory_order_relaxed);
      const Tally tally = neighbour.deliverer->deliver(name, message);
      if (id) mailbox_.post([this, id, tally] { report(id, tally); });
    });
    if (!posted && id) report(id, {0, 1});
  }
}

void ClusterNode::report(std::uint64_t id, Tally tally) {
  const auto found = gatherings_.find(id);
  found->second.tally += tally;
  if (--found->second.missing > 0) return;
  const Gathering finished = std::move(found->second);
  gatherings_.erase(found);
  finished.done(finished.tally);
}

void ClusterNode::deliver_to(ClientId id, const MessageRef& message, std::function<void(SendStatus)> done) {
  if (!local_.neighbours || id.node() != cluster_.number() || id.worker() >= local_.neighbours->size())
    return done(SendStatus::no_such_connection);
  const LocalMesh::Neighbour& neighbour = (*local_.neighbours)[id.worker()];
  const bool posted = neighbour.mailbox->post([this, &neighbour, id, message, done] {
    const SendStatus status = neighbour.deliverer->deliver_to(id, message);
    mailbox_.post([done, status] { done(status); });
  });
  if (!posted) done(SendStatus::no_such_connection);
}

void ClusterNode::call_here(ClientId id, const ConnCall& call, Mesh::CallDone done) {
  if (!local_.neighbours || id.node() != cluster_.number() || id.worker() >= local_.neighbours->size())
    return done({false, "no such connection"});
  const LocalMesh::Neighbour& neighbour = (*local_.neighbours)[id.worker()];
  const bool posted = neighbour.mailbox->post([this, &neighbour, id, call, done] {
    neighbour.deliverer->call(id, call, [this, done](const CallOutcome& outcome) {
      mailbox_.post([done, outcome] { done(outcome); });
    });
  });
  if (!posted) done({false, "no such connection"});
}

}  // namespace dunlin

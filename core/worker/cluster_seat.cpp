// SPDX-License-Identifier: Apache-2.0
#include "core/worker/cluster_seat.h"

#include <utility>
#include <vector>

#include "core/base/check.h"

namespace dunlin {

Status ClusterSeat::take(std::function<void()> evicted, const std::function<bool()>& given_up) {
  const Config& config = node_.config;
  auto engine = make_engine(config, node_.log);
  if (!engine) return engine.error();
  if (engine->mesh->alone()) return ok();
  cluster_ = std::make_unique<ClusterNode>(boot_, node_.info, config.mesh_deadline, std::move(engine->mesh), node_.log,
                                           std::move(evicted));
  const auto number = cluster_->join(config.nats.timeout, given_up);
  if (!number) return number.error();
  share_topics(engine->nats);
  node_.cluster = cluster_.get();
  node_.number = *number;
  return ok();
}

void ClusterSeat::share_topics(NatsEngine* nats) {
  const Config& config = node_.config;
  if (!config.queue_durable) {
    queue_ = std::make_unique<ClusterQueue>(boot_, config.mesh_deadline, *cluster_);
    node_.remote_queue = queue_.get();
    return;
  }
  CHECK(nats);  // the configuration would have been refused
  durable_ = std::make_unique<DurableTopics>(
      DurableQueue::Settings{.prefix = config.nats.prefix, .boot = boot_, .size = config.queue_size,
                             .ack_ms = config.queue_ack.count(), .deadline_ms = config.queue_deadline.count(),
                             .replicas = config.queue_replicas},
      *cluster_, *nats, node_.log);
  node_.durable = durable_.get();
}

Status ClusterSeat::serve(std::function<std::uint64_t()> connections) {
  if (!cluster_) return ok();
  cluster_->serve({&node_.neighbours, &node_.interest, std::move(connections)});
  if (queue_) queue_->serve(node_.queues);
  if (!durable_) return ok();
  std::vector<DurableWorkerQueue::Neighbour> neighbours;
  for (Worker* const worker : node_.workers) neighbours.push_back(worker->durable_neighbour());
  return durable_->serve(std::move(neighbours));
}

void ClusterSeat::leave(std::uint64_t cut) {
  if (cluster_) cluster_->stop(cut);
}

}  // namespace dunlin

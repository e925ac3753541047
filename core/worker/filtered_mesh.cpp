// SPDX-License-Identifier: Apache-2.0
#include "core/worker/filtered_mesh.h"

#include <utility>

namespace dunlin {

void FilteredMesh::publish(std::string_view channel, const MessageRef& message, PublishDone done) {
  publish_by(&Mesh::publish, channel, message, std::move(done));
}

void FilteredMesh::publish_waiting_here(std::string_view channel, const MessageRef& message, PublishDone done) {
  publish_by(&Mesh::publish_waiting_here, channel, message, std::move(done));
}

void FilteredMesh::publish_by(Way way, std::string_view channel, const MessageRef& message, PublishDone done) {
  if (!modules_ || !modules_->filters()) return (inner_.*way)(channel, message, std::move(done));
  if (!modules_->in_hook()) return publish_filtered(way, std::string(channel), message, std::move(done));
  loop_.defer([this, way, name = std::string(channel), message, done = std::move(done)]() mutable {
    publish_filtered(way, name, message, std::move(done));
  });
}

void FilteredMesh::publish_filtered(Way way, const std::string& channel, const MessageRef& message, PublishDone done) {
  if (!modules_) return (inner_.*way)(channel, message, std::move(done));
  Kind kind = message->kind();
  std::string data(message->payload());
  const FilterOutcome outcome = modules_->filter(channel, kind, data);
  if (outcome != FilterOutcome::pass) {
    counters_.add(outcome == FilterOutcome::drop ? Counter::drop_filtered : Counter::drop_filter);
    if (done) done({});
    return;
  }
  const bool same = kind == message->kind() && data == message->payload();
  (inner_.*way)(channel, same ? message : Message::make(kind, data), std::move(done));
}

}  // namespace dunlin

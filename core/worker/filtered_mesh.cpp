// SPDX-License-Identifier: Apache-2.0
#include "core/worker/filtered_mesh.h"

#include <utility>

namespace dunlin {

void FilteredMesh::publish(std::string_view channel, const MessageRef& message, PublishDone done) {
  if (!modules_ || !modules_->filters()) return inner_.publish(channel, message, std::move(done));
  if (!modules_->in_hook()) return publish_filtered(std::string(channel), message, std::move(done));
  loop_.defer([this, name = std::string(channel), message, done = std::move(done)]() mutable {
    publish_filtered(name, message, std::move(done));
  });
}

void FilteredMesh::publish_filtered(const std::string& channel, const MessageRef& message, PublishDone done) {
  if (!modules_) return inner_.publish(channel, message, std::move(done));
  Kind kind = message->kind();
  std::string data(message->payload());
  const FilterOutcome outcome = modules_->filter(channel, kind, data);
  if (outcome != FilterOutcome::pass) {
    counters_.add(outcome == FilterOutcome::drop ? Counter::drop_filtered : Counter::drop_filter);
    if (done) done({});
    return;
  }
  const bool same = kind == message->kind() && data == message->payload();
  inner_.publish(channel, same ? message : Message::make(kind, data), std::move(done));
}

}  // namespace dunlin

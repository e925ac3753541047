// SPDX-License-Identifier: Apache-2.0
// FilteredMesh: the mesh as those see it who publish: what the modules' filters drop does not enter, and what they
// change enters changed. Without filters it is the mesh itself. [worker]
#pragma once

#include <string>
#include <string_view>

#include "core/base/metrics.h"
#include "core/loop/loop.h"
#include "core/mesh/mesh.h"
#include "core/plugin/runtime.h"

namespace dunlin {

class FilteredMesh final : public Mesh {
 public:
  FilteredMesh(Mesh& inner, Loop& loop, Counters& counters) : inner_(inner), loop_(loop), counters_(counters) {}

  // nullptr: there are no modules (any more), and nothing is filtered.
  void use(ModuleRuntime* modules) { modules_ = modules; }

  // Asked from inside a hook it is filtered and published when that has returned: in order with the others that are.
  void publish(std::string_view channel, const MessageRef& message, PublishDone done) override;
  void publish_waiting_here(std::string_view channel, const MessageRef& message, PublishDone done) override;
  std::size_t largest() const override { return inner_.largest(); }
  void send(ClientId id, const MessageRef& message, SendDone done) override {
    inner_.send(id, message, std::move(done));
  }
  void call(ClientId id, const ConnCall& call, CallDone done) override { inner_.call(id, call, std::move(done)); }

 private:
  using Way = void (Mesh::*)(std::string_view, const MessageRef&, PublishDone);
  void publish_by(Way way, std::string_view channel, const MessageRef& message, PublishDone done);
  void publish_filtered(Way way, const std::string& channel, const MessageRef& message, PublishDone done);

  Mesh& inner_;
  Loop& loop_;
  Counters& counters_;
  ModuleRuntime* modules_ = nullptr;
};

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
// LocalEngine: the engine of a node that stands alone, and says so: nobody opens it but to see that it keeps what an engine
// promises. A cluster on it has one node (docs/decisions/0017-no-cluster-for-a-node-alone.md).
#pragma once

#include <limits>
#include <utility>

#include "core/mesh/engine.h"

namespace dunlin {

class LocalEngine final : public MeshEngine {
 public:
  bool alone() const override { return true; }
  Status open(std::uint64_t, Events events) override {
    events_ = std::move(events);
    events_.connected();
    return ok();
  }
  bool broadcast(std::string_view) override { return true; }  // all of the others have it
  bool send(std::uint64_t, std::string_view) override { return true; }
  bool ask(std::uint64_t boot, std::string_view) override {
    events_.nobody(boot);
    return true;
  }
  std::size_t largest() const override { return std::numeric_limits<std::size_t>::max(); }
  std::string name() const override { return "local"; }
  void close() override {}

 private:
  Events events_;
};

}  // namespace dunlin

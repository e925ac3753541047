// SPDX-License-Identifier: Apache-2.0
// Engines: the one place that knows which mesh engines there are: local and nats, and those that modules offer.
#pragma once

#include <memory>

#include "core/base/log.h"
#include "core/base/result.h"
#include "core/config/config.h"
#include "core/mesh/engine.h"

namespace dunlin {

class NatsEngine;

struct EngineInUse {
  std::unique_ptr<MeshEngine> mesh;
  NatsEngine* nats = nullptr;  // the same one, where it is NATS: JetStream is there too
};

// What `mesh.engine` names; it uses both for as long as it lives. The error says where, and which module lacks what.
Result<EngineInUse> make_engine(const Config& config, Log& log);

}  // namespace dunlin

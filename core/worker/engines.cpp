// SPDX-License-Identifier: Apache-2.0
#include "core/worker/engines.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/mesh/local_engine.h"
#include "core/mesh/nats_engine.h"
#include "core/worker/plugin_engine.h"

namespace dunlin {
namespace {

Result<EngineInUse> make_local(const Config&, Log&) { return EngineInUse{std::make_unique<LocalEngine>()}; }

Result<EngineInUse> make_nats(const Config& config, Log& log) {
  auto nats = std::make_unique<NatsEngine>(config.nats, log);
  NatsEngine* const same = nats.get();
  return EngineInUse{std::move(nats), same};
}

Result<EngineInUse> make_offered(const Config& config, Log& log) {
  auto offered = PluginEngine::create(config, log);
  if (!offered) return offered.error();
  return EngineInUse{std::move(*offered)};
}

constexpr struct {
  std::string_view name;
  Result<EngineInUse> (*make)(const Config& config, Log& log);
} kEngines[] = {
    {"local", make_local},
    {"nats", make_nats},
    {"", make_offered},  // mesh_module says which
};

}  // namespace

Result<EngineInUse> make_engine(const Config& config, Log& log) {
  const auto* row = std::find_if(std::begin(kEngines), std::end(kEngines), [&](const auto& one) { return one.name == config.mesh_engine; });
  CHECK(row != std::end(kEngines));
  return row->make(config, log);
}

}  // namespace dunlin

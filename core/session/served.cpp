// SPDX-License-Identifier: Apache-2.0
#include "core/session/served.h"

namespace dunlin {

Served::Served(const Generation& generation) : generation_(generation) {
  for (std::size_t listener = 0; listener < config().listeners.size(); ++listener) {
    auto& row = endpoints_.emplace_back();
    const std::vector<Endpoint>& endpoints = config().listeners[listener].endpoints;
    for (std::size_t i = 0; i < endpoints.size(); ++i)
      row.push_back({.endpoint = endpoints[i], .modules = generation.modules.endpoints[listener][i],
                     .listener = static_cast<std::uint32_t>(listener), .index = static_cast<std::uint32_t>(i)});
  }
}

void Served::supersede() {
  for (auto& row : endpoints_)
    for (ServedEndpoint& entry : row) entry.superseded = true;
}

void Served::expire() {
  for (auto& row : endpoints_)
    for (ServedEndpoint& entry : row) entry.overdue = true;
}

std::size_t Served::sessions() const {
  std::size_t sum = 0;
  for (const auto& row : endpoints_)
    for (const ServedEndpoint& entry : row) sum += entry.sessions;
  return sum;
}

}  // namespace dunlin

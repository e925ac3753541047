// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/hosts.h"

#include "core/base/for_ever.h"

namespace dunlin {

Hosts::~Hosts() {
  for (const auto& [module, shelf] : shelves_)
    for (WorkerHost* host : shelf.all) host->outlive();
}

WorkerHost& Hosts::take(Log& log, const std::string& module, const std::string& directory, bool isolated,
                        Instance& instance) {
  Shelf& shelf = shelves_[module];
  WorkerHost* host;
  if (shelf.idle.size() > kRest) {
    host = shelf.idle.front();
    shelf.idle.pop_front();
  } else {
    host = shelf.all.emplace_back(&make_for_ever<WorkerHost>(log, module, directory, isolated));
  }
  host->belong_to(&instance);
  return *host;
}

void Hosts::give_back(WorkerHost& host) {
  host.belong_to(nullptr);
  shelves_.at(host.module()).idle.push_back(&host);
}

std::uint64_t Hosts::stale_calls() const {
  std::uint64_t calls = 0;
  for (const auto& [module, shelf] : shelves_)
    for (const WorkerHost* host : shelf.all) calls += host->stale_calls();
  return calls;
}

void Hosts::collect(std::vector<Sample>& out) const {
  for (const auto& [module, shelf] : shelves_) {
    std::uint64_t calls = 0;
    for (const WorkerHost* host : shelf.all) calls += host->stale_calls();
    out.push_back({.name = "dunlin_stale_calls_total",
                   .help = "Calls of a module for an instance that had been destroyed: they were refused",
                   .labels = {{"module", module}}, .value = static_cast<double>(calls), .buckets = {}});
  }
}

}  // namespace dunlin

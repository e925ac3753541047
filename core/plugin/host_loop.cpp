// SPDX-License-Identifier: Apache-2.0
// dunlin.loop/1
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

void* uv_loop(const dunlin_host* host) noexcept {
  void* loop = nullptr;
  on_worker(host, [&](Instance& instance) {
    loop = instance.services().uv_loop();
    return DUNLIN_OK;
  });
  return loop;
}

std::uint32_t version(const dunlin_host* host) noexcept {
  const Instance* instance = host ? Host::of(host)->instance() : nullptr;
  return instance ? instance->services().uv_version() : 0;
}

}  // namespace

const dunlin_loop kLoopTable = {uv_loop, version};

}  // namespace dunlin

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
  std::uint32_t found = 0;
  on_any_thread(host, [&](Instance& instance) {
    found = instance.services().uv_version();
    return DUNLIN_OK;
  });
  return found;
}

}  // namespace

const dunlin_loop kLoopTable = {uv_loop, version};

}  // namespace dunlin

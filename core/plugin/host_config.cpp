// SPDX-License-Identifier: Apache-2.0
// dunlin.config/1
#include "core/plugin/abi_text.h"
#include "core/plugin/host.h"

namespace dunlin {
namespace {

void fault(const dunlin_host* host, dunlin_str pointer, dunlin_str what) noexcept {
  if (!host || !sound(pointer) || !sound(what)) return;
  const Host& self = *Host::of(host);
  if (self.of_worker() || !self.on_own_thread()) return;  // [setup]
  // The address that `configure` was given is const to the module only.
  const_cast<SetupHost&>(static_cast<const SetupHost&>(self)).fault(view(pointer), view(what));
}

dunlin_str directory(const dunlin_host* host) noexcept {
  return host ? lend(Host::of(host)->directory()) : lend("");
}

}  // namespace

const dunlin_config kConfigTable = {fault, directory};

}  // namespace dunlin

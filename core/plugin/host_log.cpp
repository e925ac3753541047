// SPDX-License-Identifier: Apache-2.0
// dunlin.log/1
#include "core/base/ids.h"
#include "core/plugin/abi_text.h"
#include "core/plugin/host.h"

namespace dunlin {
namespace {

Level level_of(std::uint32_t level) {
  constexpr Level kLevels[] = {Level::debug, Level::info, Level::warn, Level::error};
  return level < 4 ? kLevels[level] : Level::error;
}

void write(const dunlin_host* host, std::uint32_t level, dunlin_conn conn, dunlin_str text) noexcept {
  if (!host || !sound(text)) return;
  const Host& self = *Host::of(host);
  const auto visitor = self.visit();
  Log* log = self.log();
  if (!log || !log->enabled(level_of(level))) return;
  const std::string line = one_line(view(text));
  if (conn == 0) return log->write(level_of(level), line, {{"module", self.module()}});
  log->write(level_of(level), line, {{"module", self.module()}, {"client", ClientId(conn).text()}});
}

std::int32_t enabled(const dunlin_host* host, std::uint32_t level) noexcept {
  if (!host) return 0;
  const auto visitor = Host::of(host)->visit();
  const Log* log = Host::of(host)->log();
  return log && log->enabled(level_of(level)) ? 1 : 0;
}

}  // namespace

const dunlin_log kLogTable = {write, enabled};

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
// The frames that are more than a number or two, as structs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "core/config/config.h"
#include "core/isolation/wire.h"
#include "core/plugin/answer.h"
#include "core/plugin/instance_parts.h"
#include "core/plugin/services.h"
#include "core/session/transport.h"
#include "dunlin/dunlin.h"

namespace dunlin {

// What a process needs to load and configure its module, with the words that the server itself would use.
struct Start {
  std::string plugin_directory, config_file, config_directory;
  ModuleUse use;  // module, settings, places, place
  Level log_level = Level::info;
  LogFormat log_format = LogFormat::text;
  std::uint32_t worker = 0;
};
void put(std::string& out, const Start& start);
bool get(WireReader& in, Start& start);

struct Configured {
  std::string why;  // not empty: refused
  std::string version, summary;
  bool is_auth = false;
};
void put(std::string& out, const Configured& configured);
bool get(WireReader& in, Configured& configured);

// What a module may read of a connection that it is asked about.
struct Visit {
  std::string peer, path, uid, options;
  std::uint32_t uid_kind = DUNLIN_UID_NONE;
  Handshake handshake;
};
void put_visit(WireWriter& out, Services& services, ClientId id);
bool get(WireReader& in, Visit& visit);

// An answer on its way back. The views are the frame's.
struct Said {
  dunlin_verdict verdict = DUNLIN_DENY;
  bool fault = true;
  std::string_view reason;
  dunlin_uid uid{};
  std::int64_t expires_at_ms = 0;
  std::vector<dunlin_pair> context;
  std::vector<dunlin_str> channels;
};
void put(WireWriter& out, const Answer& answer);
bool get(WireReader& in, Said& said);

void put(std::string& out, const InstanceMetrics::Figure& figure);  // a `define`
bool get(WireReader& in, InstanceMetrics::Figure& figure);

}  // namespace dunlin

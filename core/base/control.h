// SPDX-License-Identifier: Apache-2.0
// Control: how `dunlin reload` speaks to the server that runs on this machine with the same configuration file.
//
// A Unix socket whose name has no file (Linux's abstract names): it is found by the path of the configuration, needs no
// folder that both may write to, leaves nothing stale behind, and tells the server who calls. One command a connection:
// "reload\n"; the answer is "ok\n" or "refused\n", then text to its end.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace dunlin {

inline constexpr std::string_view kControlReload = "reload\n";
inline constexpr std::string_view kControlOk = "ok\n";
inline constexpr std::string_view kControlRefused = "refused\n";

struct ControlAddress {
  sockaddr_un address{};
  socklen_t size = 0;
};

// Of the server that runs with this file.
ControlAddress control_address(const std::string& config_file);

// Sends one command and waits for the whole answer, up to `seconds`.
Result<std::string> control_call(const std::string& config_file, std::string_view command, int seconds);

}  // namespace dunlin

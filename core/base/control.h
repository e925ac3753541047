// SPDX-License-Identifier: Apache-2.0
// Control: how `dunlin reload` speaks to the servers that run on this machine with the same configuration file.
//
// A Unix socket whose name has no file (Linux's abstract names): it is found by the path of the configuration, needs no
// folder that both may write to, leaves nothing stale behind, and tells the server who calls. Several servers may share a
// file (nodes, by variables in it): each takes the first place that is free. One command a connection: "reload\n"; the
// answer is "ok\n" or "refused\n", then text to its end.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace dunlin {

inline constexpr std::string_view kControlReload = "reload\n";
inline constexpr std::string_view kControlOk = "ok\n";
inline constexpr std::string_view kControlRefused = "refused\n";

struct ControlAddress {
  sockaddr_un address{};
  socklen_t size = 0;
};

inline constexpr int kControlPlaces = 64;  // servers with one file

// REQUIRES: 0 <= place < kControlPlaces
ControlAddress control_address(const std::string& config_file, int place);

// Sends one command to each server that runs with this file, one after another, and waits for its whole answer, up to
// `seconds`. Empty: there is none.
std::vector<Result<std::string>> control_call(const std::string& config_file, std::string_view command, int seconds);

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
// Listening sockets. Every worker has one of its own on the same port (SO_REUSEPORT), and the kernel spreads the
// connections over them.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/config/config.h"

namespace dunlin {

// Can `bind` be had by this process alone? With SO_REUSEPORT a second server of the same user would share a port
// silently: so it is asked for once without. Port 0 is always free.
Status probe_free(const Bind& bind);

// A socket that has its port and does not listen yet: non-blocking, close-on-exec, SO_REUSEPORT. The errors name the address
// and the cause.
Result<int> bind_tcp(const Bind& bind);
Status listen_tcp(int fd, const Bind& bind, int backlog);

std::uint16_t bound_port(int fd);

// A connection of a listening socket, non-blocking and without Nagle's delay; -1: none, errno says why.
int accept_one(int fd);

// The other end: "192.0.2.7:51234" (also where it reached an IPv6 socket) or "[2001:db8::1]:51234"; "" once it is
// gone.
std::string peer_text(int fd);

}  // namespace dunlin

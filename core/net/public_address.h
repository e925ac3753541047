// SPDX-License-Identifier: Apache-2.0
// Which addresses belong to the public Internet: a guard against requests that a client talks a script into.
#pragma once

struct sockaddr;

namespace dunlin {

// False for loopback, private, link-local, shared, multicast, reserved and documentation addresses (the registries of
// RFC 6890), for IPv6 addresses that carry such an IPv4 one, and for anything but IPv4 and IPv6. [any-thread]
bool is_public_address(const sockaddr& address);

}  // namespace dunlin

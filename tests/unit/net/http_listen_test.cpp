// SPDX-License-Identifier: Apache-2.0
// Listening sockets: shared among workers, not among servers; and what the other end is called.
#include <unistd.h>

#include "core/net/socket.h"
#include "tests/unit/net/http_scene.h"

namespace dunlin {
namespace {

TEST(Listen, workers_share_a_port_and_a_second_server_does_not_get_it) {
  const auto first = listen_tcp({"127.0.0.1", 0}, 8);
  ASSERT_TRUE(first);
  const Bind bind{"127.0.0.1", bound_port(*first)};
  ASSERT_NE(bind.port, 0);
  const auto second = listen_tcp(bind, 8);
  ASSERT_TRUE(second) << second.error().why;
  const Status free = probe_free(bind);
  ASSERT_FALSE(free);
  EXPECT_EQ(free.error().why,
            "cannot listen on 127.0.0.1:" + std::to_string(bind.port) + ": Address already in use");
  ::close(*first);
  ::close(*second);
  EXPECT_TRUE(probe_free(bind));
}

TEST(Listen, an_address_that_is_not_ours) {
  const auto fd = listen_tcp({"192.0.2.1", 0}, 8);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().why, "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}

TEST(Listen, an_IPv4_peer_has_its_own_name_on_an_IPv6_socket) {
  const auto fd = listen_tcp({"::", 0}, 8);
  if (!fd) GTEST_SKIP() << fd.error().why;
  const Peer peer(bound_port(*fd));
  const int accepted = accept_one(*fd);
  ASSERT_GE(accepted, 0);
  EXPECT_TRUE(peer_text(accepted).starts_with("127.0.0.1:")) << peer_text(accepted);
  ::close(accepted);
  ::close(*fd);
}

}  // namespace
}  // namespace dunlin

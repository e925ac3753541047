// SPDX-License-Identifier: Apache-2.0
// Listening sockets: shared among workers, not among servers; and what the other end is called.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/net/socket.h"
#include "tests/unit/net/http_scene.h"

namespace dunlin {
namespace {

TEST(Listen, workers_share_a_port_and_a_second_server_does_not_get_it) {
  const auto first = bind_tcp({"127.0.0.1", 0});
  ASSERT_TRUE(first);
  const Bind bind{"127.0.0.1", bound_port(*first)};
  ASSERT_NE(bind.port, 0);
  const auto second = bind_tcp(bind);
  ASSERT_TRUE(second) << second.error().why;
  for (const int fd : {*first, *second}) ASSERT_TRUE(listen_tcp(fd, bind, 8));
  const Status free = probe_free(bind);
  ASSERT_FALSE(free);
  EXPECT_EQ(free.error().why,
            "cannot listen on 127.0.0.1:" + std::to_string(bind.port) + ": Address already in use");
  ::close(*first);
  ::close(*second);
  EXPECT_TRUE(probe_free(bind));
}

// A server that waits for its cluster has its port, and refuses who comes.
TEST(Listen, nobody_is_let_in_before_it_listens) {
  const Bind bind{"127.0.0.1", 0};
  const auto fd = bind_tcp(bind);
  ASSERT_TRUE(fd);
  const auto connects = [port = bound_port(*fd)] {
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool connected = ::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
    ::close(client);
    return connected;
  };
  EXPECT_FALSE(connects());
  ASSERT_TRUE(listen_tcp(*fd, bind, 8));
  EXPECT_TRUE(connects());
  ::close(*fd);
}

TEST(Listen, an_address_that_is_not_ours) {
  const auto fd = bind_tcp({"192.0.2.1", 0});
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().why, "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}

TEST(Listen, an_IPv4_peer_has_its_own_name_on_an_IPv6_socket) {
  const Bind any{"::", 0};
  const auto fd = bind_tcp(any);
  if (!fd) GTEST_SKIP() << fd.error().why;
  ASSERT_TRUE(listen_tcp(*fd, any, 8));
  const Peer peer(bound_port(*fd));
  const int accepted = accept_one(*fd);
  ASSERT_GE(accepted, 0);
  EXPECT_TRUE(peer_text(accepted).starts_with("127.0.0.1:")) << peer_text(accepted);
  ::close(accepted);
  ::close(*fd);
}

}  // namespace
}  // namespace dunlin

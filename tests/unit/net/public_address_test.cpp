// SPDX-License-Identifier: Apache-2.0
#include "core/net/public_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

namespace dunlin {
namespace {

bool is_public(const std::string& text) {
  sockaddr_storage storage{};
  auto* ip4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* ip6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (text.find(':') == text.npos) {
    storage.ss_family = AF_INET;
    EXPECT_EQ(inet_pton(AF_INET, text.c_str(), &ip4->sin_addr), 1) << text;
  } else {
    storage.ss_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &ip6->sin6_addr), 1) << text;
  }
  return is_public_address(*reinterpret_cast<const sockaddr*>(&storage));
}

TEST(PublicAddress, IsWhatTheInternetCanReach) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.0.0.1",
                           "128.0.0.1", "169.253.1.1", "172.15.255.255", "172.32.0.0", "192.167.1.1", "192.169.1.1",
                           "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::200e", "::ffff:8.8.8.8",
                           "64:ff9b::808:808", "2002:808:808::1"}) {
    EXPECT_TRUE(is_public(text)) << text;
  }
}

TEST(PublicAddress, IsNoneOfTheSpecialOnes) {
  for (const char* text : {"0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
                           "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1",
                           "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
                           "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
                           "2002:7f00:1::1", "2001:db8::1", "2001::1", "fc00::1", "fd12::1", "fe80::1", "ff02::1"}) {
    EXPECT_FALSE(is_public(text)) << text;
  }
}

TEST(PublicAddress, IsNoneOfAnotherFamily) {
  sockaddr address{};
  address.sa_family = AF_UNIX;
  EXPECT_FALSE(is_public_address(address));
}

}  // namespace
}  // namespace dunlin

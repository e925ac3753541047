// SPDX-License-Identifier: Apache-2.0
#include "core/net/public_address.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace dunlin {
namespace {

struct Range4 {
  std::uint32_t network;
  unsigned bits;
};

constexpr std::uint32_t ip(unsigned a, unsigned b, unsigned c, unsigned d) { return a << 24 | b << 16 | c << 8 | d; }

// IANA's registry of special purposes.
constexpr Range4 kSpecial[] = {
    {ip(0, 0, 0, 0), 8},        // this network
    {ip(10, 0, 0, 0), 8},       // private
    {ip(100, 64, 0, 0), 10},    // shared, behind a carrier's NAT
    {ip(127, 0, 0, 0), 8},      // loopback
    {ip(169, 254, 0, 0), 16},   // link-local; the metadata of clouds
    {ip(172, 16, 0, 0), 12},    // private
    {ip(192, 0, 0, 0), 24},     // protocol assignments
    {ip(192, 0, 2, 0), 24},     // documentation
    {ip(192, 88, 99, 0), 24},   // 6to4 relays
    {ip(192, 168, 0, 0), 16},   // private
    {ip(198, 18, 0, 0), 15},    // benchmarks
    {ip(198, 51, 100, 0), 24},  // documentation
    {ip(203, 0, 113, 0), 24},   // documentation
    {ip(224, 0, 0, 0), 3},      // multicast, reserved, broadcast
};

bool is_public4(std::uint32_t address) {
  return std::none_of(std::begin(kSpecial), std::end(kSpecial), [address](const Range4& range) {
    return (address ^ range.network) >> (32 - range.bits) == 0;
  });
}

std::uint32_t ip4_at(const std::uint8_t* bytes) { return ip(bytes[0], bytes[1], bytes[2], bytes[3]); }

bool starts_with(const std::uint8_t* address, const std::uint8_t* prefix, std::size_t size) {
  return std::memcmp(address, prefix, size) == 0;
}

bool is_public6(const std::uint8_t* address) {
  static constexpr std::uint8_t kZeros[12] = {}, kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  static constexpr std::uint8_t kNat64[12] = {0x00, 0x64, 0xFF, 0x9B};
  static constexpr std::uint8_t k6to4[2] = {0x20, 0x02};
  static constexpr std::uint8_t kProtocols[2] = {0x20, 0x01};
  static constexpr std::uint8_t kDocumentation[4] = {0x20, 0x01, 0x0D, 0xB8};
  if (starts_with(address, kMapped, 12) || starts_with(address, kNat64, 12)) return is_public4(ip4_at(address + 12));
  if (starts_with(address, kZeros, 12)) return false;
  if (starts_with(address, k6to4, 2)) return is_public4(ip4_at(address + 2));
  if (starts_with(address, kDocumentation, 4)) return false;
  if (starts_with(address, kProtocols, 2) && address[2] < 2) return false;  // 2001::/23, Teredo among it
  return (address[0] & 0xE0) == 0x20;                                       // 2000::/3, the only unicast handed out
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in ip4{};
    std::memcpy(&ip4, &address, sizeof ip4);
    return is_public4(ntohl(ip4.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 ip6{};
  std::memcpy(&ip6, &address, sizeof ip6);
  return is_public6(ip6.sin6_addr.s6_addr);
}

}  // namespace dunlin

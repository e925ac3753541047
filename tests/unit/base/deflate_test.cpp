// SPDX-License-Identifier: Apache-2.0
// One message's bytes through permessage-deflate: there and back, in every window, and what hostile bytes lead to.
#include "core/base/deflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <string>

namespace dunlin {
namespace {

using Outcome = Inflater::Outcome;
using namespace std::string_literals;

constexpr std::size_t kPlenty = 1u << 20;

std::string noise(std::size_t size, unsigned seed = 7) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::string json(std::size_t size) {
  std::string out;
  for (int i = 0; out.size() < size; ++i)
    out += R"({"event":"room:)" + std::to_string(i % 7) + R"(","data":{"uid":)" + std::to_string(i * i) + "}}";
  out.resize(size);
  return out;
}

// Inflates with a decoder that keeps a window of 2^bits bytes and no more, as a client that asked for it does.
std::string inflate_in(std::string_view compressed, int bits) {
  const std::string input = std::string(compressed) + "\0\0\xff\xff"s;
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -bits), Z_OK);
  std::string out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
  char part[256];  // in small steps: in one, zlib would look back into the output itself
  for (int result = Z_OK; result == Z_OK;) {
    stream.next_out = reinterpret_cast<Bytef*>(part);
    stream.avail_out = sizeof(part);
    result = inflate(&stream, Z_SYNC_FLUSH);
    EXPECT_TRUE(result == Z_OK || result == Z_BUF_ERROR) << result;
    out.append(part, sizeof(part) - stream.avail_out);
  }
  inflateEnd(&stream);
  return out;
}

class Deflate : public testing::Test {
 protected:
  Outcome inflate(std::string_view compressed, std::size_t limit = kPlenty) { return inflater.inflate(compressed, limit); }

  Deflater deflater;
  Inflater inflater;
};

TEST_F(Deflate, EveryWindowCanBeInflatedByWhoAskedForIt) {
  for (const std::string& message : {""s, "a"s, json(500), json(40'000), noise(600), noise(70'000), std::string(100'000, 'x')})
    for (unsigned bits = kMinWindowBits; bits <= kMaxWindowBits; ++bits)
      EXPECT_EQ(inflate_in(deflater.deflate(message, bits), static_cast<int>(bits)), message) << bits << ", " << message.size();
}

// Why one compressed form suits all clients whose window holds the whole message.
TEST_F(Deflate, AMessageNoLongerThanAWindowNeedsNoSmallerOne) {
  for (int bits = static_cast<int>(kMinWindowBits); bits <= static_cast<int>(kMaxWindowBits); ++bits) {
    const std::string half = noise((1u << bits) / 2);
    const std::string message = half + half;  // refers back as far as it can
    const std::string_view compressed = deflater.deflate(message, kMaxWindowBits);
    EXPECT_LT(compressed.size(), message.size() * 3 / 4) << bits;
    EXPECT_EQ(inflate_in(compressed, bits), message) << bits;
  }
}

TEST_F(Deflate, NothingIsRememberedFromOneMessageToTheNext) {
  const std::string first(deflater.deflate(json(5000), 15));
  deflater.deflate(noise(5000), 15);
  EXPECT_EQ(deflater.deflate(json(5000), 15), first);
  ASSERT_EQ(inflate(first), Outcome::done);
  EXPECT_EQ(inflate(first.substr(0, 200)), Outcome::invalid);
  ASSERT_EQ(inflate(first), Outcome::done);
  EXPECT_EQ(inflater.message(), json(5000));
}

TEST_F(Deflate, TheExamplesOfTheRfc) {  // RFC 7692, 7.2.3
  for (const std::string& hello : {"\xf2\x48\xcd\xc9\xc9\x07\x00"s, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s,
                                   "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s}) {
    ASSERT_EQ(inflate(hello), Outcome::done);
    EXPECT_EQ(inflater.message(), "Hello");
  }
  ASSERT_EQ(inflate("\x00"s), Outcome::done);
  EXPECT_EQ(inflater.message(), "");
}

TEST_F(Deflate, WhatIsNoDeflateIsInvalid) {
  const std::string good(deflater.deflate(json(3000), 15));
  EXPECT_EQ(inflate(""), Outcome::invalid);
  EXPECT_EQ(inflate("\x07"s), Outcome::invalid);                      // a reserved kind of block
  EXPECT_EQ(inflate("\x00\x05\x00\x00\x00Hello"s), Outcome::invalid);  // a length that does not agree with itself
  EXPECT_EQ(inflate(noise(1000)), Outcome::invalid);
  for (const std::size_t size : {1u, 10u, 100u}) EXPECT_EQ(inflate(good.substr(0, good.size() - size)), Outcome::invalid) << size;
}

TEST_F(Deflate, AnythingAtAllIsSurvived) {
  const std::string good(deflater.deflate(json(2000), 15));
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    std::string bad = i % 3 == 0 ? noise(random() % 200, static_cast<unsigned>(i)) : good.substr(0, random() % good.size() + 1);
    if (!bad.empty()) bad[random() % bad.size()] = static_cast<char>(random());
    const Outcome outcome = inflate(bad, 4000);
    EXPECT_TRUE(outcome != Outcome::done || inflater.message().size() <= 4000u);
  }
}

TEST_F(Deflate, TheLimitIsExact) {
  for (const std::size_t size : {1u, 100u, 4095u, 4096u, 4097u, 70'000u}) {
    const std::string compressed(deflater.deflate(json(size), 15));
    EXPECT_EQ(inflate(compressed, size), Outcome::done) << size;
    EXPECT_EQ(inflater.message(), json(size));
    EXPECT_EQ(inflate(compressed, size - 1), Outcome::too_big) << size;
  }
}

TEST_F(Deflate, ABombIsNotInflated) {
  const std::string bomb(deflater.deflate(std::string(64u << 20, '\0'), 15));
  EXPECT_LT(bomb.size(), 1u << 20);
  EXPECT_EQ(inflate(bomb, 64u << 10), Outcome::too_big);
  EXPECT_LE(inflater.message().size(), (64u << 10) + 1);
}

}  // namespace
}  // namespace dunlin

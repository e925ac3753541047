// SPDX-License-Identifier: Apache-2.0
// Which form of a message a client is sent, and that it is made once.
#include "core/hub/compressor.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace dunlin {
namespace {

struct CompressorTest : testing::Test {
  MessageRef message(std::size_t size) { return Message::make(Kind::text, std::string(size, 'a')); }
  std::uint64_t made() const { return counters.get(Counter::compressed); }

  Counters counters;
  Compressor compressor{counters};
};

TEST_F(CompressorTest, OnceForAllWhoseWindowHoldsTheMessage) {
  const MessageRef small = message(512);
  const Message* form = compressor.choose(small, 15, 100).operator->();
  for (unsigned bits = kMinWindowBits; bits <= kMaxWindowBits; ++bits)
    EXPECT_EQ(compressor.choose(small, bits, 100).operator->(), form);
  EXPECT_EQ(made(), 1u);
  EXPECT_EQ(counters.get(Counter::compressed_before), 512u);
  EXPECT_EQ(counters.get(Counter::compressed_after), form->payload().size());
}

TEST_F(CompressorTest, OnceForEachWindowThatDoesNot) {
  const MessageRef large = message(3000);
  for (int round = 0; round < 3; ++round)
    for (unsigned bits = kMinWindowBits; bits <= kMaxWindowBits; ++bits) compressor.choose(large, bits, 100);
  EXPECT_EQ(made(), 4u);  // 9, 10, 11, and all from 12 on
}

TEST_F(CompressorTest, TheFrameSaysThatItIsCompressed) {
  const MessageRef plain = Message::make(Kind::binary, std::string(10'000, 'a'));
  const MessageRef& form = compressor.choose(plain, 15, 1);
  EXPECT_EQ(static_cast<unsigned char>(form->frame()[0]), 0x80 | 0x40 | 2);
  EXPECT_EQ(static_cast<unsigned char>(form->frame()[1]), form->payload().size());
  EXPECT_EQ(form->payload(), Deflater().deflate(plain->payload(), 15));
}

TEST_F(CompressorTest, TheMessageItselfWhereCompressionIsNotAgreedOrNotWorthIt) {
  const MessageRef a = message(100);
  EXPECT_EQ(&compressor.choose(a, 0, 0), &a);
  EXPECT_EQ(&compressor.choose(a, 15, 101), &a);
  EXPECT_EQ(made(), 0u);
  const MessageRef tiny = message(3);
  EXPECT_EQ(&compressor.choose(tiny, 15, 0), &tiny);  // it would not be smaller
  EXPECT_EQ(&compressor.choose(tiny, 15, 0), &tiny);
  EXPECT_EQ(made(), 1u);
  EXPECT_EQ(counters.get(Counter::compressed_after), 3u);
}

TEST_F(CompressorTest, OnceForAllThreads) {
  constexpr int kThreads = 4, kMessages = 200;
  std::vector<MessageRef> messages;
  for (int i = 0; i < kMessages; ++i) messages.push_back(message(5000));
  std::vector<Counters> counts(kThreads);
  std::vector<std::vector<std::string_view>> seen(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      Compressor own(counts[t]);
      for (const MessageRef& one : messages) seen[t].push_back(own.choose(one, 15, 1)->frame());
    });
  for (std::thread& thread : threads) thread.join();
  std::uint64_t sum = 0;
  for (const Counters& count : counts) sum += count.get(Counter::compressed);
  EXPECT_EQ(sum, static_cast<std::uint64_t>(kMessages));
  for (const auto& views : seen)
    for (std::size_t i = 0; i < kMessages; ++i) EXPECT_EQ(views[i].data(), seen[0][i].data());
}

}  // namespace
}  // namespace dunlin

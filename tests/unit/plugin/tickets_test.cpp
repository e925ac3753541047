// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/tickets.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace dunlin {
namespace {

struct TicketTableTest : testing::Test {
  TicketTable table{3};
  int mine = 0, other = 0;
};

TEST_F(TicketTableTest, ATicketIsClaimedOnce) {
  const dunlin_ticket ticket = table.open(&mine);
  EXPECT_TRUE(table.is_open(ticket, &mine));
  EXPECT_TRUE(table.claim(ticket, &mine));
  EXPECT_FALSE(table.is_open(ticket, &mine));
  EXPECT_FALSE(table.claim(ticket, &mine));
}

TEST_F(TicketTableTest, OnlyItsOwnerMayClaimIt) {
  const dunlin_ticket ticket = table.open(&mine);
  EXPECT_FALSE(table.claim(ticket, &other));
  EXPECT_TRUE(table.claim(ticket, &mine));
}

TEST_F(TicketTableTest, AReleasedTicketIsNobodys) {
  const dunlin_ticket ticket = table.open(&mine);
  table.release(ticket);
  EXPECT_FALSE(table.claim(ticket, &mine));
  EXPECT_EQ(table.note(ticket), nullptr);
}

TEST_F(TicketTableTest, TheNextInTheSameSlotIsAnother) {
  const dunlin_ticket first = table.open(&mine);
  table.release(first);
  const dunlin_ticket second = table.open(&mine);
  EXPECT_EQ(first & 0xfffff, second & 0xfffff);
  EXPECT_NE(first, second);
  EXPECT_FALSE(table.claim(first, &mine));
  EXPECT_TRUE(table.claim(second, &mine));
}

TEST_F(TicketTableTest, ATicketOfAnotherWorkerIsUnknown) {
  TicketTable elsewhere(4);
  const dunlin_ticket ticket = elsewhere.open(&mine);
  table.open(&mine);
  EXPECT_FALSE(table.claim(ticket, &mine));
}

TEST_F(TicketTableTest, NonsenseIsUnknown) {
  for (const dunlin_ticket ticket : {dunlin_ticket{0}, ~dunlin_ticket{0}, dunlin_ticket{3} << 20})
    EXPECT_FALSE(table.claim(ticket, &mine)) << ticket;
}

TEST_F(TicketTableTest, TheNoteStaysUntilTheRelease) {
  const dunlin_ticket ticket = table.open(&mine);
  table.note(ticket)->timer = 7;
  ASSERT_TRUE(table.claim(ticket, &mine));
  EXPECT_EQ(table.note(ticket)->timer, 7u);
  table.release(ticket);
  EXPECT_EQ(table.note(table.open(&mine))->timer, 0u);  // the next one begins afresh
}

TEST_F(TicketTableTest, AMillionMayBeOpenAndNoMore) {
  std::set<dunlin_ticket> tickets;
  for (int i = 0; i < 1 << 20; ++i) tickets.insert(table.open(&mine));
  EXPECT_EQ(tickets.size(), std::size_t{1} << 20);
  EXPECT_FALSE(tickets.contains(0));
  EXPECT_EQ(table.open(&mine), 0u);
  table.release(*tickets.begin());
  EXPECT_NE(table.open(&mine), 0u);
  EXPECT_EQ(table.size(), std::size_t{1} << 20);
}

TEST_F(TicketTableTest, OfManyThreadsOneClaims) {
  constexpr int kThreads = 4, kRounds = 500;
  std::atomic<dunlin_ticket> current{0};
  std::atomic<int> claims{0}, ready{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (dunlin_ticket last = 0; !stop;) {
        const dunlin_ticket ticket = current;
        if (ticket == last) {
          std::this_thread::yield();
          continue;
        }
        last = ticket;
        if (table.claim(ticket, &mine)) ++claims;
        ++ready;
      }
    });
  for (int round = 1; round <= kRounds; ++round) {
    const dunlin_ticket ticket = table.open(&mine);
    current = ticket;
    while (ready < kThreads * round) std::this_thread::yield();
    ASSERT_EQ(claims, round);
    table.release(ticket);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace dunlin

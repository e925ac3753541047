// SPDX-License-Identifier: Apache-2.0
// HangupWatch: the end of a peer that nobody reads, told by what it did.
#include "core/net/hangup_watch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "core/loop/loop.h"

namespace dunlin {
namespace {

using End = HangupWatch::End;

class HangupWatchTest : public ::testing::Test {
 protected:
  HangupWatchTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
    watch_.add(ends_[0], this);
  }
  ~HangupWatchTest() override {
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  // What is told until there are `count`, or nothing more is to come.
  std::vector<End> told(std::size_t count) {
    for (int turn = 0; turn < 100 && told_.size() < count; ++turn) loop_.poll();
    return std::exchange(told_, {});
  }
  void close_peer() { ::close(std::exchange(ends_[1], -1)); }

  int ends_[2] = {-1, -1};
  std::vector<End> told_;
  Loop loop_;
  HangupWatch watch_{loop_.uv(), [this](void* who, End end) {
                       EXPECT_EQ(who, this);
                       told_.push_back(end);
                     }};
};

TEST_F(HangupWatchTest, ALastByteAndAnEndAreToldApart) {
  EXPECT_EQ(::send(ends_[1], "unread", 6, 0), 6);
  EXPECT_TRUE(told(1).empty());
  ::shutdown(ends_[1], SHUT_WR);
  EXPECT_EQ(told(1), std::vector{End::half});
  EXPECT_TRUE(told(1).empty());  // it lasts, and is told once
  close_peer();
  EXPECT_EQ(told(1), std::vector{End::whole});
}

TEST_F(HangupWatchTest, WhatIsRemovedIsNotToldOf) {
  watch_.remove(ends_[0]);
  watch_.remove(ends_[0]);
  close_peer();
  EXPECT_TRUE(told(1).empty());
  watch_.add(ends_[0], this);  // what has happened before is told, too
  EXPECT_EQ(told(1), std::vector{End::whole});
}

}  // namespace
}  // namespace dunlin

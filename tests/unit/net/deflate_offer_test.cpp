// SPDX-License-Identifier: Apache-2.0
// Offers of permessage-deflate, and what the server answers.
#include "core/net/deflate_offer.h"

#include <gtest/gtest.h>

#include <string>

namespace dunlin {
namespace {

constexpr const char* kFresh = "; server_no_context_takeover; client_no_context_takeover";

struct Case {
  const char* offers;
  unsigned bits;           // 0: declined
  const char* more = "";   // of the answer
  unsigned most = 15;
};

const Case kCases[] = {
    {"permessage-deflate", 15},
    {"permessage-deflate; client_max_window_bits", 15},  // what browsers offer
    {"permessage-deflate; client_max_window_bits=8", 15},
    {"permessage-deflate;server_no_context_takeover;client_no_context_takeover", 15},
    {"permessage-deflate; server_max_window_bits=10", 10, "; server_max_window_bits=10"},
    {"permessage-deflate; server_max_window_bits=\"10\"", 10, "; server_max_window_bits=10"},
    {"permessage-deflate; server_max_window_bits = 15", 15, "; server_max_window_bits=15"},
    {"permessage-deflate; server_max_window_bits=15", 12, "; server_max_window_bits=12", 12},
    {"permessage-deflate; server_max_window_bits=9", 9, "; server_max_window_bits=9", 12},
    {"permessage-deflate", 12, "; server_max_window_bits=12", 12},
    {" ,\tpermessage-deflate , ", 15},
    {"x-webkit-deflate-frame, foo; a=\"b, permessage-deflate\"; c, permessage-deflate", 15},
    // The first that can be agreed to.
    {"permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=11, permessage-deflate", 11,
     "; server_max_window_bits=11"},
    {"permessage-deflate; unknown, permessage-deflate", 15},
    // Declined.
    {"", 0},
    {"permessage-bzip2", 0},
    {"Permessage-Deflate", 0},
    {"permessage-deflate; server_max_window_bits", 0},
    {"permessage-deflate; server_max_window_bits=8", 0},  // zlib has no such raw window
    {"permessage-deflate; server_max_window_bits=7", 0},
    {"permessage-deflate; server_max_window_bits=16", 0},
    {"permessage-deflate; server_max_window_bits=010", 0},
    {"permessage-deflate; server_max_window_bits=1e1", 0},
    {"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", 0},
    {"permessage-deflate; client_max_window_bits=16", 0},
    {"permessage-deflate; server_no_context_takeover=1", 0},
    {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", 0},
    {"permessage-deflate; mystery=1", 0},
    // No list of extensions at all.
    {"permessage-deflate; ", 0},
    {"permessage-deflate; client_max_window_bits=", 0},
    {"permessage-deflate; client_max_window_bits=\"10", 0},
    {"permessage-deflate foo", 0},
    {"permessage-deflate=1", 0},
    {";permessage-deflate", 0},
    {"\"permessage-deflate\"", 0},
};

TEST(DeflateOffer, EachIsAnsweredAsTheRfcSays) {
  for (const Case& row : kCases) {
    const DeflateAgreement agreed = agree_on_deflate(row.offers, row.most);
    EXPECT_EQ(agreed.window_bits, row.bits) << row.offers;
    if (row.bits == 0) continue;
    EXPECT_EQ(agreed.parameters(), std::string(kFresh) + row.more) << row.offers;
  }
}

TEST(DeflateOffer, MentionsAreCounted) {
  EXPECT_EQ(agree_on_deflate("permessage-deflate, other, permessage-deflate; unknown, permessage-deflate", 15).offers, 3u);
}

}  // namespace
}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
// What a client offers in Sec-WebSocket-Extensions, and what is agreed to (RFC 7692, 7.1; RFC 6455, 9.1). Pure logic.
#pragma once

#include <string>
#include <string_view>

namespace dunlin {

struct DeflateAgreement {
  unsigned window_bits = 0;  // of what the server compresses with; 0: nothing was agreed
  bool bits_asked = false;   // the client named a size, so the answer does
  unsigned offers = 0;       // how often it mentioned permessage-deflate, agreeable or not

  // The parameters of the answer, behind the extension's name. Neither side keeps anything from one message to the next: a
  // connection then needs no memory for it, and a message's compressed form suits them all.
  std::string parameters() const;
};

// The first offer that can be agreed to, with a window of at most 2^most_bits bytes. An offer with a parameter that is
// unknown, repeated or out of range is declined, as is all of a header that is none by its grammar.
DeflateAgreement agree_on_deflate(std::string_view offers, unsigned most_bits);

}  // namespace dunlin

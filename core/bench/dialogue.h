// SPDX-License-Identifier: Apache-2.0
// Dialogue: what is said to the server under load, in its own protocol: log in, subscribe, publish. The protocols are
// rows of a table (dialogue.cpp); options may give other frames than the row's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/bench/options.h"

namespace dunlin::bench {

// Who a connection is, and so what its channel is called.
struct Subject {
  std::string uid, channel, token;
};

struct ProtocolRow {
  const char *name, *doc;
  const char* subprotocol;  // of the handshake
  bool binary;              // the client's frames
  bool stream;              // messages do not lie one in a frame each
  const char* channel;      // before the uid
  const char* url;          // that --url has by default; {channel} may be part of it
  const char* publish_url;
  const char* publish_via;  // http, ws or client
  std::vector<std::string> (*join)(const Subject&);  // frames, each answered
  std::string (*publish)(const Subject&, std::string_view message);  // a client's frame
  const char* body;         // of an HTTP request that publishes
  const char* request;      // a frame to publish_url; {body} is one body, or an array of them; "": the body alone
  const char* answer;       // part of every answer to a frame of `join`
  const char* wrapped;      // what a subscriber gets of a message that a client published; "": the message
};

class Dialogue {
 public:
  static Result<Dialogue> of(const Options& options);

  // REQUIRES: the options outlive it.
  const ProtocolRow& row() const { return *row_; }
  Subject subject(const std::string& uid) const;
  // The same user's with its channel `number` (0: the same) of those that it has.
  Subject subject(const Subject& first, unsigned number) const;
  std::string url(const Subject& subject) const;
  std::string publish_url(const Subject& subject) const;
  const std::string& publish_via() const { return via_; }

  std::vector<std::string> login(const Subject& subject) const;
  std::string subscription(const Subject& subject) const;  // empty: there is nothing to say
  bool is_answer(std::string_view frame) const { return frame.find(answer_) != std::string_view::npos; }
  std::string publish_frame(const Subject& subject, std::string_view message) const;
  std::string publish_body(const Subject& subject, std::string_view message) const;
  // The bytes around a message in the frame that a subscriber gets.
  std::size_t wrapping(const Subject& subject) const;
  // The frame that asks the WebSocket API to publish, of the bodies of `count` messages with commas in between.
  std::string publish_request(const std::string& bodies, unsigned count) const;
  // Is each publish answered there? Of frames that are not ours nobody knows.
  bool publish_answered() const { return options_->publish_frame.empty() && *row_->request != '\0'; }

 private:
  Dialogue(const Options& options, const ProtocolRow& row);
  const Options* options_;
  const ProtocolRow* row_;
  std::string via_, answer_;
};

// One line a protocol: for the help.
std::string protocols_help();

}  // namespace dunlin::bench

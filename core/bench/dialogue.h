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
  std::string (*publish)(const Subject&, std::string_view message);  // a client's frame, or a frame to publish_url
  const char* body;         // of an HTTP request that publishes
  const char* answer;       // part of every answer to a frame of `join`
};

class Dialogue {
 public:
  static Result<Dialogue> of(const Options& options);

  // REQUIRES: the options outlive it.
  const ProtocolRow& row() const { return *row_; }
  Subject subject(const std::string& uid) const;
  std::string url(const Subject& subject) const;
  std::string publish_url(const Subject& subject) const;
  const std::string& publish_via() const { return via_; }

  std::vector<std::string> login(const Subject& subject) const;
  // Log-in and subscription.
  std::vector<std::string> join(const Subject& subject) const;
  bool is_answer(std::string_view frame) const { return frame.find(answer_) != std::string_view::npos; }
  std::string publish_frame(const Subject& subject, std::string_view message) const;
  std::string publish_body(const Subject& subject, std::string_view message) const;

 private:
  Dialogue(const Options& options, const ProtocolRow& row);
  const Options* options_;
  const ProtocolRow* row_;
  std::string via_, answer_;
};

// One line a protocol: for the help.
std::string protocols_help();

}  // namespace dunlin::bench

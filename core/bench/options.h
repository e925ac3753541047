// SPDX-License-Identifier: Apache-2.0
// What a run of the load client is asked to do, and what it found. docs/benchmarks.md says how the figures are taken.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace dunlin::bench {

enum class Work { fan_out, one_to_one, echo, login, storm, idle };

struct Options {
  Work work = Work::fan_out;
  std::string protocol = "message-center";  // a row of protocols.cpp
  std::string url;          // empty: what the protocol names
  std::string publish_url;   // http:// or ws://; empty: what the protocol names
  std::string publish_via;   // http, ws or client; empty: what the protocol prefers
  std::string user;          // name:password of the publishing API, where it asks for them
  // Templates that take the place of the protocol's own: {channel}, {message}, {token}, {uid} are filled in.
  std::vector<std::string> login_frames;
  std::string subscribe_frame, publish_frame, answer;
  unsigned connections = 1000;
  unsigned channels = 1;    // of each connection; more than one where every connection has its own
  unsigned window = 16;     // publishes (echoes, log-ins, handshakes) outstanding
  unsigned batch = 1;       // publishes in one request
  unsigned size = 100;      // bytes of a message
  unsigned publishers = 1;  // connections that publish
  double rate = 0;          // publishes a second; 0: as fast as the window lets
  double seconds = 5, warm_up = 1;
  std::vector<pid_t> server;  // whose CPU time and memory are read
  bool compression = false;    // permessage-deflate is offered, and must be agreed to
  bool spin = false;           // the client never sleeps
  bool json = false, quiet = false;
  std::function<std::string(const std::string& uid)> token;  // of a user; empty: "{token}" is the uid
};

// How it went while the count of connections grew.
struct AcceptPoint {
  unsigned connections = 0;
  double per_second = 0, cpu_us = 0;
};

struct Findings {
  std::uint64_t messages = 0;    // published (echoed, logged in, connected) in the measured time
  std::uint64_t deliveries = 0;  // received and checked in that time
  double seconds = 0;
  double p50_us = 0, p99_us = 0, p999_us = 0, max_us = 0;
  double cpu_seconds = -1;  // of the server; negative: unknown
  double connect_seconds = 0, connect_cpu_seconds = -1;
  double close_per_second = 0, close_cpu_us = -1;
  double memory_connected = -1, memory_ready = -1;  // bytes a connection; negative: unknown
  std::vector<AcceptPoint> accepts;
  std::uint64_t lost = 0, repeated = 0, disordered = 0, damaged = 0;
  std::string error;  // the first that ended or spoiled the run

  bool sound() const { return lost + repeated + disordered + damaged == 0 && error.empty(); }
};

}  // namespace dunlin::bench

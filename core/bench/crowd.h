// SPDX-License-Identifier: Apache-2.0
// Crowd: the connections of a run, brought up and down in step, at most `window` under way at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/bench/dialogue.h"
#include "core/bench/progress.h"
#include "core/bench/ws_client.h"

namespace dunlin::bench {

class Crowd final : private WsListener {
 public:
  // `uid` names the user of a connection. REQUIRES: what is passed outlives it.
  Crowd(Poller& poller, const Dialogue& dialogue, const Options& options, std::function<std::string(unsigned)> uid);

  // Each runs the loop until all are there; `reached(n)` is called as the count grows. The error says who failed and why.
  Status open_all(const std::function<void(unsigned)>& reached, Progress& progress);
  Status join_all(Progress& progress);  // log in and subscribe
  Status close_all(Progress& progress);

  // Frames that come after join_all() go there; an end that nobody asked for is an error of the crowd.
  void on_frame(std::function<void(WsClient&, std::string_view)> take) { take_ = std::move(take); }
  std::vector<std::unique_ptr<WsClient>>& clients() { return clients_; }
  // Of each channel; connection i has those of the numbers i, i + connections, …; a shared one is everybody's.
  const Subject& subject(unsigned channel) const { return subjects_[shared_ ? 0 : channel]; }
  const std::string& error() const { return error_; }

 private:
  Status run(unsigned window, const std::function<Status(unsigned)>& begin,
             const std::function<void(unsigned)>& reached, Progress& progress);
  void on_open(WsClient& client) override;
  void on_frame(WsClient& client, std::string_view payload) override;
  void on_closed(WsClient& client, std::string_view why) override;
  std::string next_frame(const WsClient& client) const;
  void say(WsClient& client);

  Poller& poller_;
  const Dialogue& dialogue_;
  const Options& options_;
  std::vector<Subject> subjects_;
  bool shared_ = false;  // one subject for all
  std::vector<std::unique_ptr<WsClient>> clients_;
  std::function<void(WsClient&, std::string_view)> take_;
  Inflater inflater_;
  unsigned begun_ = 0, done_ = 0;
  bool closing_ = false;
  std::string error_;
};

}  // namespace dunlin::bench

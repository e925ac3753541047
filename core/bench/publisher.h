// SPDX-License-Identifier: Apache-2.0
// Publisher: hands messages to the server under load, over HTTP or a WebSocket connection of its own. What is published
// between two flushes goes out together, pipelined.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/bench/dialogue.h"
#include "core/bench/poller.h"

namespace dunlin::bench {

class Publisher {
 public:
  virtual ~Publisher() = default;
  virtual void publish(const Subject& subject, std::string_view message) = 0;
  virtual void flush() = 0;
  virtual bool ready() const = 0;
  // Nothing that was published still waits for its answer.
  virtual bool answered() const = 0;
  // The first thing that went wrong; empty: nothing.
  const std::string& error() const { return error_; }

 protected:
  void spoil(std::string why) {
    if (error_.empty()) error_ = std::move(why);
  }

 private:
  std::string error_;
};

// By dialogue.publish_via(); connections begin to open. `index`: of the connection.
Result<std::unique_ptr<Publisher>> make_publisher(Poller& poller, const Dialogue& dialogue, const Options& options,
                                                  unsigned index);

}  // namespace dunlin::bench

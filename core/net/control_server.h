// SPDX-License-Identifier: Apache-2.0
// ControlServer: the server's end of core/base/control.h. Answers who has the server's own user id, or root's.
// On the loop that it is given.
#pragma once

#include <uv.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/base/log.h"
#include "core/base/result.h"

namespace dunlin {

class Loop;

class ControlServer {
 public:
  // Answers a command; may be called later, from the same thread, and a second time does nothing.
  using Answer = std::function<void(std::string)>;
  using Command = std::function<void(const std::string&, Answer)>;

  ControlServer(Loop& loop, Log& log, Command command);
  ~ControlServer();  // REQUIRES: close()
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Fails when too many servers run with this file.
  Status open(const std::string& config_file);
  void close();

 private:
  struct Caller;
  void accept_one();
  void read(Caller& caller);
  void answer(std::uint64_t id, const std::string& text);
  void drop(std::uint64_t id);

  Loop& loop_;
  Log& log_;
  Command command_;
  uv_poll_t* listener_ = nullptr;  // deleted by its close callback, as are the callers'
  int fd_ = -1;
  std::map<std::uint64_t, std::unique_ptr<Caller>> callers_;
  std::uint64_t last_ = 0;
};

}  // namespace dunlin

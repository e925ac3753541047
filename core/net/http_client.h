// SPDX-License-Identifier: Apache-2.0
// HttpClient: asks HTTP servers without blocking: libcurl's multi interface on this worker's loop. Connections are kept
// alive and pooled (docs/decisions/0005). [worker]
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "core/base/http_types.h"
#include "core/loop/loop.h"

namespace dunlin {

class HttpClient {
 public:
  using Done = std::function<void(const HttpResponse&)>;

  explicit HttpClient(Loop& loop);
  ~HttpClient();  // REQUIRES: close() was called
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `done` is called exactly once, never before request() has returned, unless cancelled. Ids are never 0.
  std::uint64_t request(HttpRequest request, Done done);
  // After it returns `done` is not called any more. False: it has been, or there is no such request.
  bool cancel(std::uint64_t id);

  // Forgets every request. The loop must run on until its handles have closed.
  void close();

 private:
  class Exchange;
  class Pool;

  std::unique_ptr<Exchange> take(std::uint64_t id);

  Loop& loop_;
  // libcurl bounds the connections of a multi handle as a whole, so each bound has a handle of its own; so have
  // requests to public addresses only, which must not find a connection that was made without that guard.
  std::map<std::pair<unsigned, bool>, std::unique_ptr<Pool>> pools_;
  std::map<std::uint64_t, std::unique_ptr<Exchange>> exchanges_;
  std::uint64_t next_ = 1;
};

}  // namespace dunlin

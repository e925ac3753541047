// SPDX-License-Identifier: Apache-2.0
// Methods: the calls that HTTP and WebSocket have in common, from checked parameters to the answer. [worker]
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/api/access.h"
#include "core/api/api_host.h"
#include "core/base/json.h"

namespace dunlin {

// The `E.c` of an answer.
enum class ApiCode : int {
  bad_parameters = 101,
  pop_failed = 201,
  popping = 202,
  unpop_failed = 203,
  push_failed = 204,
  ack_failed = 205,
  call_failed = 301,
  send_failed = 401,
  forbidden = 403,
  stopping = 503,
};

// What is said to a call: the members of the JSON object, so that `i` may be added.
struct ApiReply {
  int status = 200;     // over HTTP
  std::string members;  // "E":null,"r":{…}
};

ApiReply result(std::string_view r);  // JSON
ApiReply refusal(ApiCode code, std::string_view why);

struct Method {
  using Done = std::function<void(ApiReply)>;

  std::string_view name;
  Role role;
  // `done` is called once, at once or later, on this worker.
  void (*run)(ApiHost& host, const json::Value& parameters, Done done);
};

const Method* find_method(std::string_view name);

}  // namespace dunlin

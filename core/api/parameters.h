// SPDX-License-Identifier: Apache-2.0
// Parameters of the API's calls, checked. The error is what the caller reads: which field, what it is, what it must be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/json.h"
#include "core/base/message.h"
#include "core/base/result.h"
#include "core/mesh/conn_call.h"

namespace dunlin {

struct PublishParameters {
  std::string channel;
  MessageRef message;
  bool wait_here = false;  // "wait": "local"
};
struct SendParameters {
  ClientId client;
  MessageRef message;
};

struct CallParameters {
  ClientId client;
  ConnCall call;
};
struct PushParameters {
  std::string topic, data;
};
struct PopParameters {
  std::vector<std::string> topics;
  bool ack = false;
};

Result<PublishParameters> publish_parameters(const json::Value& object);
Result<SendParameters> send_parameters(const json::Value& object);
Result<CallParameters> call_parameters(const json::Value& object);
Result<PushParameters> push_parameters(const json::Value& object);
// An object, or a bare list of topics.
Result<PopParameters> pop_parameters(const json::Value& value);
// The ids of queue.ack: {"id": …} with one or a list, as decimal strings or integers.
Result<std::vector<std::uint64_t>> ack_parameters(const json::Value& object);

}  // namespace dunlin

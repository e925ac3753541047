// SPDX-License-Identifier: Apache-2.0
// Parameters of the API's calls, checked. The error is what the caller reads: which field, what it is, what it must be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/json.h"
#include "core/base/message.h"
#include "core/base/metrics.h"
#include "core/base/result.h"
#include "core/mesh/conn_call.h"

namespace dunlin {

struct PublishParameters {
  std::string_view channel;  // lies in what was parsed
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

// Each counts the fields that it passed over.
Result<PublishParameters> publish_parameters(const json::Value& object, Counters& counters);
Result<SendParameters> send_parameters(const json::Value& object, Counters& counters);
Result<CallParameters> call_parameters(const json::Value& object, Counters& counters);
Result<PushParameters> push_parameters(const json::Value& object, Counters& counters);
// An object, or a bare list of topics.
Result<PopParameters> pop_parameters(const json::Value& value, Counters& counters);
// The ids of queue.ack: {"id": …} with one or a list, as decimal strings or integers.
Result<std::vector<std::uint64_t>> ack_parameters(const json::Value& object, Counters& counters);

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
// Parameters of publish and send, checked. The error is what the caller reads: which field, what it is, what it must be.
#pragma once

#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/json.h"
#include "core/base/message.h"
#include "core/base/result.h"

namespace dunlin {

struct PublishParameters {
  std::string channel;
  MessageRef message;
};
struct SendParameters {
  ClientId client;
  MessageRef message;
};

Result<PublishParameters> publish_parameters(const json::Value& object);
Result<SendParameters> send_parameters(const json::Value& object);

}  // namespace dunlin

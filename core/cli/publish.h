// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/result.h"

namespace dunlin {

struct PublishRequest {
  std::string api = "http://127.0.0.1:6789", user, channel, data;  // user: "name:password" or empty
  bool binary = false;                                             // data is base64
};

// One call of POST /v1/mesh/publish; "handed to N, failed M".
Result<std::string> publish_once(const PublishRequest& request);

}  // namespace dunlin

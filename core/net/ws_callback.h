// SPDX-License-Identifier: Apache-2.0
// The door between libwebsockets and us: one line a reason.
#pragma once

#include <libwebsockets.h>

namespace dunlin {

int ws_callback(lws* wsi, lws_callback_reasons reason, void* user, void* in, size_t length);

}  // namespace dunlin

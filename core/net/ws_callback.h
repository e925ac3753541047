// SPDX-License-Identifier: Apache-2.0
// The door between libwebsockets and us: one line a reason.
#pragma once

#include <libwebsockets.h>

namespace dunlin {

int ws_callback(lws* wsi, lws_callback_reasons reason, void* user, void* in, size_t length);

// permessage-deflate, of which lws only knows that it may be on: it lets RSV1 pass then, and touches no payload
// (docs/decisions/0010).
int ws_extension(lws_context* context, const lws_extension* extension, lws* wsi, lws_extension_callback_reasons reason,
                 void* user, void* in, size_t length);

}  // namespace dunlin

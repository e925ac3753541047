// SPDX-License-Identifier: Apache-2.0
#include "core/net/ws_callback.h"

#include <string_view>

#include "core/net/ws_connection.h"

namespace dunlin {
namespace {

int close_code(std::string_view payload) {
  constexpr int kNoStatus = 1005;
  if (payload.size() < 2) return kNoStatus;
  return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
}

}  // namespace

int ws_callback(lws* wsi, lws_callback_reasons reason, void* user, void* in, size_t length) {
  auto* connection = static_cast<WsConnection*>(lws_get_opaque_user_data(wsi));
  if (!connection) return lws_callback_http_dummy(wsi, reason, user, in, length);
  const std::string_view data(static_cast<const char*>(in), in ? length : 0);
  switch (reason) {
    case LWS_CALLBACK_WSI_CREATE:
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
      connection->attach(wsi);
      return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
      return connection->on_upgrade(static_cast<const char*>(in));
    case LWS_CALLBACK_HTTP:
      return connection->on_http(static_cast<const char*>(in));
    case LWS_CALLBACK_ESTABLISHED:
      return connection->on_established();
    case LWS_CALLBACK_RECEIVE:
      return connection->on_receive(data, lws_is_first_fragment(wsi) != 0, lws_is_final_fragment(wsi) != 0,
                                    lws_frame_is_binary(wsi) != 0, lws_remaining_packet_payload(wsi));
    case LWS_CALLBACK_RECEIVE_PONG:
      connection->on_pong();
      return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
      return connection->on_peer_close(close_code(data));
    case LWS_CALLBACK_SERVER_WRITEABLE:
      connection->on_writable();
      return 0;
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
    case LWS_CALLBACK_CLOSED:
      connection->on_dropped();
      return 0;
    case LWS_CALLBACK_WSI_DESTROY:
      lws_set_opaque_user_data(wsi, nullptr);
      delete connection;
      return 0;
    default:
      return lws_callback_http_dummy(wsi, reason, user, in, length);
  }
}

}  // namespace dunlin

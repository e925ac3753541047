// SPDX-License-Identifier: Apache-2.0
#include "core/net/ws_callback.h"

#include <string_view>

#include "core/net/ws_connection.h"

namespace dunlin {
namespace {

const lws_ext_options kNoOptions[] = {{nullptr, EXTARG_NONE}};
constexpr unsigned char kRsv1 = 0x40;

}  // namespace

int ws_extension(lws_context*, const lws_extension*, lws*, lws_extension_callback_reasons reason, void*, void* in, size_t) {
  // Options that lws should look for itself: it would find only those without a value.
  if (reason == LWS_EXT_CB_CONSTRUCT) *static_cast<const lws_ext_options**>(in) = kNoOptions;
  return 0;
}

int ws_callback(lws* wsi, lws_callback_reasons reason, void* user, void* in, size_t length) {
  // Without an answer of ours lws takes whatever a client shows; `length` is whether it was found good.
  if (reason == LWS_CALLBACK_OPENSSL_PERFORM_CLIENT_CERT_VERIFICATION) return length != 0 ? 0 : 1;
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
    case LWS_CALLBACK_CONFIRM_EXTENSION_OKAY:
      return connection->on_extension_offered();
    case LWS_CALLBACK_ADD_HEADERS:
      return connection->on_answer(*static_cast<lws_process_html_args*>(in));
    case LWS_CALLBACK_ESTABLISHED:
      return connection->on_established();
    case LWS_CALLBACK_RECEIVE:
      return connection->on_receive(data, {.first = lws_is_first_fragment(wsi) != 0,
                                           .final = lws_is_final_fragment(wsi) != 0,
                                           .binary = lws_frame_is_binary(wsi) != 0,
                                           .compressed = (lws_get_reserved_bits(wsi) & kRsv1) != 0,
                                           .remaining = lws_remaining_packet_payload(wsi)});
    case LWS_CALLBACK_RECEIVE_PONG:
      connection->on_pong((lws_get_reserved_bits(wsi) & kRsv1) == 0);
      return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
      return connection->on_peer_close(data);
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

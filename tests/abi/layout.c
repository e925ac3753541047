/* SPDX-License-Identifier: Apache-2.0 */
/* Every constant, size and offset of the plugin ABI, as released: a change here is a change of the ABI, which is not
 * made (a new id is served beside the old one). Checked by compiling it. */
#include <dunlin/dunlin.h>
#include <stddef.h>

#define IS(expression, value) _Static_assert((expression) == (value), #expression " is not " #value)
#define AT(type, member, offset) IS(offsetof(type, member), offset)
#define SIZE(type, size) IS(sizeof(type), size)
#define SAYS(text, value) _Static_assert(sizeof(text) == sizeof(value) && __builtin_strcmp(text, value) == 0, #text)

_Static_assert(sizeof(void *) == 8 && sizeof(size_t) == 8, "the ABI is released for 64-bit systems");

/* base.h */
IS(DUNLIN_ABI_MAJOR, 1);
IS(DUNLIN_ABI_MINOR, 0);
IS(DUNLIN_OK, 0);
IS(DUNLIN_E_INVALID, -1);
IS(DUNLIN_E_GONE, -2);
IS(DUNLIN_E_THREAD, -3);
IS(DUNLIN_E_FULL, -4);
IS(DUNLIN_E_NOT_FOUND, -5);
IS(DUNLIN_E_TIMEOUT, -6);
IS(DUNLIN_E_UNAVAILABLE, -7);
IS(DUNLIN_E_NO_MEMORY, -8);
IS(DUNLIN_E_DENIED, -9);
IS(DUNLIN_E_FAILED, -10);
IS(DUNLIN_PASS, 0);
IS(DUNLIN_ALLOW, 1);
IS(DUNLIN_DENY, 2);
IS(DUNLIN_PENDING, 3);
IS(DUNLIN_TEXT, 1);
IS(DUNLIN_BINARY, 2);
IS(DUNLIN_UID_NONE, 0);
IS(DUNLIN_UID_NUMBER, 1);
IS(DUNLIN_UID_STRING, 2);
SIZE(dunlin_status, 4);
SIZE(dunlin_verdict, 4);
SIZE(dunlin_conn, 8);
SIZE(dunlin_ticket, 8);
_Static_assert((dunlin_status)-1 < 0 && (dunlin_verdict)-1 < 0, "statuses and verdicts are signed");
_Static_assert((dunlin_conn)-1 > 0 && (dunlin_ticket)-1 > 0, "connections and tickets are not");

SIZE(dunlin_str, 16);
AT(dunlin_str, data, 0);
AT(dunlin_str, size, 8);
SIZE(dunlin_pair, 32);
AT(dunlin_pair, name, 0);
AT(dunlin_pair, value, 16);
SIZE(dunlin_uid, 24);
AT(dunlin_uid, text, 0);
AT(dunlin_uid, kind, 16);
AT(dunlin_uid, reserved, 20);

/* host.h */
SIZE(dunlin_host, 24);
AT(dunlin_host, name, 0);
AT(dunlin_host, version, 8);
AT(dunlin_host, get_extension, 16);
SIZE(dunlin_identity, 64);
AT(dunlin_identity, uid, 0);
AT(dunlin_identity, context, 24);
AT(dunlin_identity, context_count, 32);
AT(dunlin_identity, channels, 40);
AT(dunlin_identity, channel_count, 48);
AT(dunlin_identity, expires_at_ms, 56);
SIZE(dunlin_answer, 24);
AT(dunlin_answer, identity, 0);
AT(dunlin_answer, reason, 8);
SAYS(DUNLIN_EXT_TICKET, "dunlin.ticket/1");
SIZE(dunlin_ticket_api, 8);
AT(dunlin_ticket_api, answer, 0);
IS(DUNLIN_CANCEL_DEADLINE, 1);
IS(DUNLIN_CANCEL_CLOSED, 2);
IS(DUNLIN_CANCEL_STOPPING, 3);

/* entry.h */
IS(DUNLIN_MAGIC, 0x4e4c4e44);
SAYS(DUNLIN_ENTRY_SYMBOL, "dunlin_plugin_v1");
SIZE(dunlin_module, 80);
AT(dunlin_module, name, 0);
AT(dunlin_module, version, 8);
AT(dunlin_module, summary, 16);
AT(dunlin_module, settings_schema, 24);
AT(dunlin_module, required, 32);
AT(dunlin_module, configure, 40);
AT(dunlin_module, discard, 48);
AT(dunlin_module, create, 56);
AT(dunlin_module, destroy, 64);
AT(dunlin_module, get_interface, 72);
SIZE(dunlin_plugin, 24);
AT(dunlin_plugin, magic, 0);
AT(dunlin_plugin, abi_major, 4);
AT(dunlin_plugin, abi_minor, 8);
AT(dunlin_plugin, reserved, 12);
AT(dunlin_plugin, module, 16);

/* auth.h */
SAYS(DUNLIN_AUTH, "dunlin.auth/1");
IS(DUNLIN_LOGIN_MESSAGE, 1);
IS(DUNLIN_LOGIN_HANDSHAKE, 2);
SIZE(dunlin_credentials, 24);
AT(dunlin_credentials, token, 0);
AT(dunlin_credentials, source, 16);
AT(dunlin_credentials, reserved, 20);
SIZE(dunlin_auth, 16);
AT(dunlin_auth, check, 0);
AT(dunlin_auth, cancel, 8);

/* router.h */
SAYS(DUNLIN_ROUTER, "dunlin.router/1");
SIZE(dunlin_message, 24);
AT(dunlin_message, data, 0);
AT(dunlin_message, kind, 16);
AT(dunlin_message, reserved, 20);
SIZE(dunlin_router, 48);
AT(dunlin_router, open, 0);
AT(dunlin_router, message, 8);
AT(dunlin_router, close, 16);
AT(dunlin_router, cancel, 24);
AT(dunlin_router, release, 32);
AT(dunlin_router, adopt, 40);

/* ext/log.h */
SAYS(DUNLIN_EXT_LOG, "dunlin.log/1");
IS(DUNLIN_LOG_DEBUG, 0);
IS(DUNLIN_LOG_INFO, 1);
IS(DUNLIN_LOG_WARN, 2);
IS(DUNLIN_LOG_ERROR, 3);
SIZE(dunlin_log, 16);
AT(dunlin_log, write, 0);
AT(dunlin_log, enabled, 8);

/* ext/config.h */
SAYS(DUNLIN_EXT_CONFIG, "dunlin.config/1");
SIZE(dunlin_config, 16);
AT(dunlin_config, fault, 0);
AT(dunlin_config, directory, 8);

/* ext/conn.h */
SAYS(DUNLIN_EXT_CONN, "dunlin.conn/1");
IS(DUNLIN_CONN_REMOTE_ADDR, 1);
IS(DUNLIN_CONN_METHOD, 2);
IS(DUNLIN_CONN_URI, 3);
IS(DUNLIN_CONN_PROTOCOL, 4);
IS(DUNLIN_CONN_HOST, 5);
IS(DUNLIN_CONN_PATH, 6);
IS(DUNLIN_CONN_TLS_SUBJECT, 7);
SIZE(dunlin_conn_api, 80);
AT(dunlin_conn_api, info, 0);
AT(dunlin_conn_api, header, 8);
AT(dunlin_conn_api, header_at, 16);
AT(dunlin_conn_api, query, 24);
AT(dunlin_conn_api, cookie, 32);
AT(dunlin_conn_api, option, 40);
AT(dunlin_conn_api, uid, 48);
AT(dunlin_conn_api, authenticate, 56);
AT(dunlin_conn_api, send, 64);
AT(dunlin_conn_api, close, 72);

/* ext/channel.h */
SAYS(DUNLIN_EXT_CHANNEL, "dunlin.channel/1");
SIZE(dunlin_channel, 32);
AT(dunlin_channel, subscribe, 0);
AT(dunlin_channel, unsubscribe, 8);
AT(dunlin_channel, publish, 16);
AT(dunlin_channel, send, 24);

/* ext/context.h */
SAYS(DUNLIN_EXT_CONTEXT, "dunlin.context/1");
SIZE(dunlin_context, 40);
AT(dunlin_context, get, 0);
AT(dunlin_context, set, 8);
AT(dunlin_context, all, 16);
AT(dunlin_context, replace, 24);
AT(dunlin_context, wait, 32);

/* ext/timer.h */
SAYS(DUNLIN_EXT_TIMER, "dunlin.timer/1");
SIZE(dunlin_timer, 16);
AT(dunlin_timer, start, 0);
AT(dunlin_timer, stop, 8);
SAYS(DUNLIN_EXT_TLS, "dunlin.tls/1");
SIZE(dunlin_tls, 8);
AT(dunlin_tls, certificate, 0);

/* ext/http.h */
SAYS(DUNLIN_EXT_HTTP, "dunlin.http/1");
IS(DUNLIN_HTTP_NO_VERIFY, 1);
IS(DUNLIN_HTTP_FOLLOW, 2);
IS(DUNLIN_HTTP_PUBLIC, 4);
SIZE(dunlin_http_request, 96);
AT(dunlin_http_request, method, 0);
AT(dunlin_http_request, url, 16);
AT(dunlin_http_request, body, 32);
AT(dunlin_http_request, headers, 48);
AT(dunlin_http_request, header_count, 56);
AT(dunlin_http_request, ca_file, 64);
AT(dunlin_http_request, timeout_ms, 80);
AT(dunlin_http_request, max_body, 84);
AT(dunlin_http_request, flags, 88);
AT(dunlin_http_request, max_connections, 92);
SIZE(dunlin_http_response, 72);
AT(dunlin_http_response, error, 0);
AT(dunlin_http_response, body, 16);
AT(dunlin_http_response, url, 32);
AT(dunlin_http_response, headers, 48);
AT(dunlin_http_response, header_count, 56);
AT(dunlin_http_response, status, 64);
AT(dunlin_http_response, code, 68);
SIZE(dunlin_http, 16);
AT(dunlin_http, request, 0);
AT(dunlin_http, cancel, 8);

/* ext/metrics.h */
SAYS(DUNLIN_EXT_METRICS, "dunlin.metrics/1");
IS(DUNLIN_METRIC_COUNTER, 1);
IS(DUNLIN_METRIC_GAUGE, 2);
SIZE(dunlin_metrics, 24);
AT(dunlin_metrics, define, 0);
AT(dunlin_metrics, add, 8);
AT(dunlin_metrics, set, 16);

/* ext/task.h */
SAYS(DUNLIN_EXT_TASK, "dunlin.task/1");
SIZE(dunlin_task, 16);
AT(dunlin_task, post, 0);
AT(dunlin_task, offload, 8);

/* guard.h, filter.h */
SAYS(DUNLIN_SUBSCRIBE_GUARD, "dunlin.subscribe-guard/1");
SIZE(dunlin_subscribe_guard, 16);
AT(dunlin_subscribe_guard, check, 0);
AT(dunlin_subscribe_guard, cancel, 8);
SAYS(DUNLIN_PUBLISH_FILTER, "dunlin.publish-filter/1");
SIZE(dunlin_publish_filter, 8);
AT(dunlin_publish_filter, filter, 0);

/* route.h */
SAYS(DUNLIN_HTTP_ROUTE, "dunlin.http-route/1");
IS(DUNLIN_ROLE_READ, 1);
IS(DUNLIN_ROLE_WRITE, 2);
IS(DUNLIN_ROLE_OPEN, 3);
SIZE(dunlin_route, 24);
AT(dunlin_route, method, 0);
AT(dunlin_route, path, 8);
AT(dunlin_route, role, 16);
AT(dunlin_route, reserved, 20);
SIZE(dunlin_http_call, 96);
AT(dunlin_http_call, method, 0);
AT(dunlin_http_call, path, 16);
AT(dunlin_http_call, query, 32);
AT(dunlin_http_call, body, 48);
AT(dunlin_http_call, peer, 64);
AT(dunlin_http_call, headers, 80);
AT(dunlin_http_call, header_count, 88);
SIZE(dunlin_http_route, 32);
AT(dunlin_http_route, routes, 0);
AT(dunlin_http_route, route_count, 8);
AT(dunlin_http_route, serve, 16);
AT(dunlin_http_route, cancel, 24);

/* ext/reply.h */
SAYS(DUNLIN_EXT_REPLY, "dunlin.reply/1");
SIZE(dunlin_reply, 56);
AT(dunlin_reply, body, 0);
AT(dunlin_reply, content_type, 16);
AT(dunlin_reply, headers, 32);
AT(dunlin_reply, header_count, 40);
AT(dunlin_reply, status, 48);
AT(dunlin_reply, reserved, 52);
SIZE(dunlin_reply_api, 8);
AT(dunlin_reply_api, send, 0);

/* ext/queue.h */
SAYS(DUNLIN_EXT_QUEUE, "dunlin.queue/1");
SIZE(dunlin_queue, 8);
AT(dunlin_queue, push, 0);

/* ext/subscribe.h */
SAYS(DUNLIN_EXT_SUBSCRIBE, "dunlin.subscribe/1");
SIZE(dunlin_subscribe, 8);
AT(dunlin_subscribe, request, 0);

/* ext/cache.h */
SAYS(DUNLIN_EXT_CACHE, "dunlin.cache/1");
SIZE(dunlin_cache, 40);
AT(dunlin_cache, get, 0);
AT(dunlin_cache, put, 8);
AT(dunlin_cache, remove, 16);
AT(dunlin_cache, fetch, 24);
AT(dunlin_cache, land, 32);

/* ext/loop.h */
SAYS(DUNLIN_EXT_LOOP, "dunlin.loop/1");
SIZE(dunlin_loop, 16);
AT(dunlin_loop, uv_loop, 0);
AT(dunlin_loop, version, 8);

/* framer.h */
IS(DUNLIN_FRAMER_WAIT, 0);
IS(DUNLIN_FRAMER_DROP, -1);
IS(DUNLIN_FRAMER_FAULT, -2);
IS(DUNLIN_FRAMER_EACH, 1);
SAYS(DUNLIN_FRAMER, "dunlin.framer/1");
SIZE(dunlin_framer, 16);
AT(dunlin_framer, input, 0);
AT(dunlin_framer, encode, 8);

/* ext/socket.h */
SAYS(DUNLIN_EXT_SOCKET, "dunlin.socket/1");
SIZE(dunlin_socket, 16);
AT(dunlin_socket, unread, 0);
AT(dunlin_socket, clear, 8);

/* ext/redis.h */
SAYS(DUNLIN_EXT_REDIS, "dunlin.redis/1");
IS(DUNLIN_REDIS_NIL, 0);
IS(DUNLIN_REDIS_STRING, 1);
IS(DUNLIN_REDIS_INTEGER, 2);
IS(DUNLIN_REDIS_STATUS, 3);
IS(DUNLIN_REDIS_ERROR, 4);
IS(DUNLIN_REDIS_LIST, 5);
SIZE(dunlin_redis_value, 48);
AT(dunlin_redis_value, text, 0);
AT(dunlin_redis_value, integer, 16);
AT(dunlin_redis_value, items, 24);
AT(dunlin_redis_value, item_count, 32);
AT(dunlin_redis_value, kind, 40);
AT(dunlin_redis_value, reserved, 44);
SIZE(dunlin_redis, 24);
AT(dunlin_redis, find, 0);
AT(dunlin_redis, command, 8);
AT(dunlin_redis, cancel, 16);

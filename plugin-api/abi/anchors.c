/* SPDX-License-Identifier: Apache-2.0 */
/* Written by plugin-api/abi/update: makes every public struct a part of what abidiff compares. */
#include <dunlin/dunlin.h>

void anchor_dunlin_credentials(const dunlin_credentials *value);
void anchor_dunlin_credentials(const dunlin_credentials *value) { (void)value; }

void anchor_dunlin_auth(const dunlin_auth *value);
void anchor_dunlin_auth(const dunlin_auth *value) { (void)value; }

void anchor_dunlin_str(const dunlin_str *value);
void anchor_dunlin_str(const dunlin_str *value) { (void)value; }

void anchor_dunlin_pair(const dunlin_pair *value);
void anchor_dunlin_pair(const dunlin_pair *value) { (void)value; }

void anchor_dunlin_uid(const dunlin_uid *value);
void anchor_dunlin_uid(const dunlin_uid *value) { (void)value; }

void anchor_dunlin_module(const dunlin_module *value);
void anchor_dunlin_module(const dunlin_module *value) { (void)value; }

void anchor_dunlin_plugin(const dunlin_plugin *value);
void anchor_dunlin_plugin(const dunlin_plugin *value) { (void)value; }

void anchor_dunlin_cache(const dunlin_cache *value);
void anchor_dunlin_cache(const dunlin_cache *value) { (void)value; }

void anchor_dunlin_channel(const dunlin_channel *value);
void anchor_dunlin_channel(const dunlin_channel *value) { (void)value; }

void anchor_dunlin_config(const dunlin_config *value);
void anchor_dunlin_config(const dunlin_config *value) { (void)value; }

void anchor_dunlin_conn_api(const dunlin_conn_api *value);
void anchor_dunlin_conn_api(const dunlin_conn_api *value) { (void)value; }

void anchor_dunlin_context(const dunlin_context *value);
void anchor_dunlin_context(const dunlin_context *value) { (void)value; }

void anchor_dunlin_http_request(const dunlin_http_request *value);
void anchor_dunlin_http_request(const dunlin_http_request *value) { (void)value; }

void anchor_dunlin_http_response(const dunlin_http_response *value);
void anchor_dunlin_http_response(const dunlin_http_response *value) { (void)value; }

void anchor_dunlin_http(const dunlin_http *value);
void anchor_dunlin_http(const dunlin_http *value) { (void)value; }

void anchor_dunlin_log(const dunlin_log *value);
void anchor_dunlin_log(const dunlin_log *value) { (void)value; }

void anchor_dunlin_loop(const dunlin_loop *value);
void anchor_dunlin_loop(const dunlin_loop *value) { (void)value; }

void anchor_dunlin_metrics(const dunlin_metrics *value);
void anchor_dunlin_metrics(const dunlin_metrics *value) { (void)value; }

void anchor_dunlin_queue(const dunlin_queue *value);
void anchor_dunlin_queue(const dunlin_queue *value) { (void)value; }

void anchor_dunlin_redis_value(const dunlin_redis_value *value);
void anchor_dunlin_redis_value(const dunlin_redis_value *value) { (void)value; }

void anchor_dunlin_redis(const dunlin_redis *value);
void anchor_dunlin_redis(const dunlin_redis *value) { (void)value; }

void anchor_dunlin_reply(const dunlin_reply *value);
void anchor_dunlin_reply(const dunlin_reply *value) { (void)value; }

void anchor_dunlin_reply_api(const dunlin_reply_api *value);
void anchor_dunlin_reply_api(const dunlin_reply_api *value) { (void)value; }

void anchor_dunlin_socket(const dunlin_socket *value);
void anchor_dunlin_socket(const dunlin_socket *value) { (void)value; }

void anchor_dunlin_subscribe(const dunlin_subscribe *value);
void anchor_dunlin_subscribe(const dunlin_subscribe *value) { (void)value; }

void anchor_dunlin_task(const dunlin_task *value);
void anchor_dunlin_task(const dunlin_task *value) { (void)value; }

void anchor_dunlin_timer(const dunlin_timer *value);
void anchor_dunlin_timer(const dunlin_timer *value) { (void)value; }

void anchor_dunlin_tls(const dunlin_tls *value);
void anchor_dunlin_tls(const dunlin_tls *value) { (void)value; }

void anchor_dunlin_publish_filter(const dunlin_publish_filter *value);
void anchor_dunlin_publish_filter(const dunlin_publish_filter *value) { (void)value; }

void anchor_dunlin_framer(const dunlin_framer *value);
void anchor_dunlin_framer(const dunlin_framer *value) { (void)value; }

void anchor_dunlin_subscribe_guard(const dunlin_subscribe_guard *value);
void anchor_dunlin_subscribe_guard(const dunlin_subscribe_guard *value) { (void)value; }

void anchor_dunlin_host(const dunlin_host *value);
void anchor_dunlin_host(const dunlin_host *value) { (void)value; }

void anchor_dunlin_identity(const dunlin_identity *value);
void anchor_dunlin_identity(const dunlin_identity *value) { (void)value; }

void anchor_dunlin_answer(const dunlin_answer *value);
void anchor_dunlin_answer(const dunlin_answer *value) { (void)value; }

void anchor_dunlin_ticket_api(const dunlin_ticket_api *value);
void anchor_dunlin_ticket_api(const dunlin_ticket_api *value) { (void)value; }

void anchor_dunlin_route(const dunlin_route *value);
void anchor_dunlin_route(const dunlin_route *value) { (void)value; }

void anchor_dunlin_http_call(const dunlin_http_call *value);
void anchor_dunlin_http_call(const dunlin_http_call *value) { (void)value; }

void anchor_dunlin_http_route(const dunlin_http_route *value);
void anchor_dunlin_http_route(const dunlin_http_route *value) { (void)value; }

void anchor_dunlin_message(const dunlin_message *value);
void anchor_dunlin_message(const dunlin_message *value) { (void)value; }

void anchor_dunlin_router(const dunlin_router *value);
void anchor_dunlin_router(const dunlin_router *value) { (void)value; }

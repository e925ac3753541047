/* SPDX-License-Identifier: Apache-2.0 */
/* What a module learns of a connection and keeps with it; raw TCP, Redis, libuv. */
#include "tests/abi/abi_test.h"

/* What the module says to one message after the other. */
static void says(harness *host, const char *message, const char *answer) {
    const size_t before = strlen(harness_sent(host));
    assert_int_equal(harness_message(host, 1, message), PROCEED);
    assert_string_equal(harness_sent(host) + before, answer);
}

static harness *known(int logged_in) {
    harness *host = harness_open("");
    harness_know(host, logged_in);
    return host;
}

static void what_the_handshake_carried(void **state) {
    (void)state;
    harness *host = known(0);
    says(host, "info:1", "0 192.0.2.7:51234|");
    says(host, "info:2", "0 GET|");
    says(host, "info:3", "0 /message-center?room=a%20b|");
    says(host, "info:4", "0 HTTP/1.1|");
    says(host, "info:5", "0 example.org|");
    says(host, "info:6", "0 /message-center|");
    says(host, "info:7", "0 CN=ann|");
    says(host, "info:8", "-1 |");
    says(host, "certificate", "0 -----BEGIN CERTIFICATE-----|");
    says(host, "header:x-a", "0 1|");
    says(host, "header:x-b", "-5 |");
    says(host, "headers", "host=example.org|x-a=1|x-a=2|3 headers|");
    says(host, "query:room", "0 a b|");
    says(host, "query:none", "-5 |");
    says(host, "cookie:session", "0 s3|");
    says(host, "option:plan", "0 {\"name\":\"gold\"}|");
    harness_close(host);
}

static void who_it_is(void **state) {
    (void)state;
    harness *host = known(0);
    says(host, "uid", "-5  0|");
    harness_know(host, 1);
    says(host, "uid", "0 1463786910324359168 1|");
    harness_close(host);
}

static void a_connection_that_is_gone_is_said_to_be(void **state) {
    (void)state;
    static const char *const asked[] = {"info:1", "header:x-a", "query:room", "certificate", "cookie:session", "option:plan", "context-get:k"};
    harness *host = known(0);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) harness_message(host, 2, asked[i]);
    harness_message(host, 2, "uid");
    harness_message(host, 2, "context-set:k=1");
    harness_message(host, 2, "subscription:news");
    assert_string_equal(harness_sent(host), "-2 |-2 |-2 |-2 |-2 |-2 |-2 |-2  0|set -2|-2 -2 -2 -2|");
    harness_close(host);
}

static void it_is_closed_once(void **state) {
    (void)state;
    harness *host = known(0);
    says(host, "close", "close 0, again -2|");
    harness_close(host);
}

static void the_context_is_kept(void **state) {
    (void)state;
    harness *host = known(0);
    says(host, "context-get:plan", "-5 |");
    says(host, "context-set:plan=\"gold\"", "set 0|");
    says(host, "context-get:plan", "0 \"gold\"|");
    says(host, "context-set:big=9007199254740993", "set 0|");
    says(host, "context-all", "0 {\"big\":9007199254740993,\"plan\":\"gold\"}|");
    says(host, "context-set:plan=null", "set 0|");
    says(host, "context-get:plan", "-5 |");
    says(host, "context-replace:{\"a\":1}", "replace 0|");
    says(host, "context-all", "0 {\"a\":1}|");
    says(host, "context-replace:[1]", "replace -1|");
    harness_close(host);
}

static void one_waits_for_a_value(void **state) {
    (void)state;
    harness *host = known(0);
    says(host, "context-wait:plan", "wait 0|");
    says(host, "context-set:plan=1", "set 0|"); /* not from inside the call */
    harness_turn(host);
    assert_string_equal(harness_sent(host), "wait 0|set 0|0 1|");
    assert_int_equal(harness_timers(host), 0);
    harness_close(host);
}

static void who_waits_too_long_for_a_value_is_told_so(void **state) {
    (void)state;
    harness *host = known(0);
    says(host, "context-wait:plan", "wait 0|");
    harness_advance(host, 1000);
    assert_string_equal(harness_sent(host), "wait 0|-6 |");
    harness_close(host);
}

static void a_wait_does_not_reach_the_destroyed(void **state) {
    (void)state;
    harness *host = known(0);
    says(host, "context-wait:plan", "wait 0|");
    harness_stop(host);
    harness_advance(host, 1000);
    assert_string_equal(harness_sent(host), "wait 0|destroyed|");
    harness_close(host);
}

static void subscribing_twice_is_one_subscription(void **state) {
    (void)state;
    harness *host = known(0);
    says(host, "subscription:news", "-5 0 0 0|");
    harness_close(host);
}

static void a_message_is_sent_by_id(void **state) {
    (void)state;
    harness *host = known(0);
    says(host, "send-to:1", "hi|send 0|");
    says(host, "send-to:2", "send 0|");
    harness_turn(host);
    assert_contains(harness_sent(host), "sent 0|sent -2|");
    harness_close(host);
}

static void bytes_that_make_no_packet_are_counted_and_forgotten(void **state) {
    (void)state;
    harness *host = known(0);
    says(host, "unread", "unread -5 0, clear -5|"); /* a WebSocket connection */
    harness_bytes_arrived(host, 12);
    says(host, "unread", "unread 0 12, clear 0|");
    harness_close(host);
}

static void a_framer_finds_packets(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_int_equal(harness_input(host, 1, "he"), 0);
    assert_int_equal(harness_input(host, 1, "hello\nw"), 6);
    assert_int_equal(harness_input(host, 1, "drop it"), -1);
    assert_int_equal(harness_input(host, 1, "nonsense"), -77);
    assert_contains(harness_log(host), "module fault module=probe hook=input");
    harness_close(host);
}

static void a_framer_makes_bytes_of_messages(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_string_equal(harness_encode(host, 0, "hi"), "all hi\n");
    assert_string_equal(harness_encode(host, 1, "hi"), "one hi\n");
    assert_string_equal(harness_encode(host, 0, "each"), "(each)");
    assert_string_equal(harness_encode(host, 1, "each"), "one each\n");
    assert_string_equal(harness_encode(host, 1, "nothing"), "(failed)");
    assert_contains(harness_log(host), "nothing was emitted");
    assert_string_equal(harness_encode(host, 1, "fails"), "(failed)");
    harness_close(host);
}

static void a_connection_is_released_and_adopted(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_open_conn(host, 1);
    harness_hand_over(host, 1);
    assert_string_equal(harness_sent(host), "release 1|adopt 1|");
    harness_close(host);
}

static void redis_answers_after_the_call(void **state) {
    (void)state;
    harness *host = harness_open("");
    says(host, "redis:cache", "find 0|redis GET key|command 0|");
    harness_answer_redis(host);
    assert_contains(harness_sent(host), "command 0|redis 0|list of 2|integer 1|list of 2|kind 1 two|kind 0 |");
    says(host, "redis:cache", "find 0|redis GET key|command 0|");
    harness_fail_redis(host);
    assert_contains(harness_sent(host), "redis -7|kind 4 no connection|");
    says(host, "redis:nowhere", "find -5|command -5|");
    says(host, "redis-denied", "-9 -1 -1|");
    harness_close(host);
}

static void a_cancelled_command_is_not_answered(void **state) {
    (void)state;
    harness *host = harness_open("");
    says(host, "redis-cancel:cache", "find 0|redis GET key|command 0|cancel 0, again -2|");
    assert_int_equal(harness_redis_commands(host), 0);
    says(host, "redis:cache", "find 0|redis GET key|command 0|");
    harness_stop(host);
    assert_int_equal(harness_redis_commands(host), 0);
    harness_close(host);
}

static void the_folder_of_the_configuration_is_told(void **state) {
    (void)state;
    harness *host = harness_open("");
    says(host, "directory", "0 /etc/dunlin|");
    harness_close(host);
}

static void handles_of_libuv_run_on_the_workers_loop(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_int_equal(harness_message(host, 1, "uv"), PROCEED);
    for (int i = 0; i < 100 && harness_sent_count(host) == 0; i++) harness_turn(host);
    assert_string_equal(harness_sent(host), "libuv|");
    harness_turn(host); /* it has closed */
    harness_close(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_handshake_carried),
        cmocka_unit_test(who_it_is),
        cmocka_unit_test(a_connection_that_is_gone_is_said_to_be),
        cmocka_unit_test(it_is_closed_once),
        cmocka_unit_test(the_context_is_kept),
        cmocka_unit_test(one_waits_for_a_value),
        cmocka_unit_test(who_waits_too_long_for_a_value_is_told_so),
        cmocka_unit_test(a_wait_does_not_reach_the_destroyed),
        cmocka_unit_test(subscribing_twice_is_one_subscription),
        cmocka_unit_test(a_message_is_sent_by_id),
        cmocka_unit_test(bytes_that_make_no_packet_are_counted_and_forgotten),
        cmocka_unit_test(a_framer_finds_packets),
        cmocka_unit_test(a_framer_makes_bytes_of_messages),
        cmocka_unit_test(a_connection_is_released_and_adopted),
        cmocka_unit_test(redis_answers_after_the_call),
        cmocka_unit_test(a_cancelled_command_is_not_answered),
        cmocka_unit_test(the_folder_of_the_configuration_is_told),
        cmocka_unit_test(handles_of_libuv_run_on_the_workers_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The cache that workers share, and the loop. */
#include "tests/abi/abi_test.h"

static void a_value_is_fetched_once_for_all(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "fetch:keys");
    harness_message(host, 2, "fetch:keys");
    harness_message_elsewhere(host, 3, "fetch:keys");
    assert_string_equal(harness_sent(host), "fetch 0 mine|fetch 0 waits|fetch 0 waits|");
    harness_message(host, 1, "land:value");
    assert_string_equal(harness_sent(host) + 41, "land 0|"); /* nobody is told inside the call */
    harness_turn(host);
    assert_string_equal(harness_sent(host) + 48, "came 0 value|came 0 value|came 0 value|");
    assert_int_equal(harness_timers(host), 0);
    harness_message_elsewhere(host, 3, "get:keys");
    harness_message_elsewhere(host, 3, "fetch:keys"); /* it is there */
    harness_turn(host);
    assert_string_equal(harness_sent(host) + 87, "get 0 value|fetch 0 waits|came 0 value|");
    harness_close(host);
}

static void a_flight_that_failed_tells_why_and_keeps_nothing(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "fetch:keys");
    harness_message(host, 1, "land-failed");
    harness_turn(host);
    harness_message(host, 1, "land-failed");
    harness_message(host, 1, "fetch:keys");
    assert_string_equal(harness_sent(host), "fetch 0 mine|land 0|came -10 |land -2|fetch 0 mine|");
    harness_close(host);
}

static void a_flight_may_land_on_any_thread(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "fetch:keys");
    harness_message(host, 1, "land-thread");
    harness_wait_sent(host, 2);
    assert_string_equal(harness_sent(host), "fetch 0 mine|came 0 from a thread|");
    harness_close(host);
}

static void who_waits_too_long_is_told_so(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "fetch:keys");
    harness_advance(host, 999);
    assert_string_equal(harness_sent(host), "fetch 0 mine|");
    harness_advance(host, 1);
    assert_string_equal(harness_sent(host), "fetch 0 mine|came -6 |");
    harness_message(host, 1, "land:late"); /* lands for those who come */
    harness_turn(host);
    assert_string_equal(harness_sent(host) + 22, "land 0|");
    harness_close(host);
}

static void who_is_destroyed_lets_the_others_know(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "fetch:mine");
    harness_message_elsewhere(host, 2, "fetch:theirs");
    harness_message(host, 1, "fetch:theirs");
    harness_stop_elsewhere(host);
    harness_turn(host);
    assert_string_equal(harness_sent(host), "fetch 0 mine|fetch 0 mine|fetch 0 waits|destroyed|came -7 |");
    harness_stop(host); /* with a flight of its own and nobody else */
    harness_turn(host);
    assert_int_equal(harness_timers(host), 0);
    harness_close(host);
}

static void values_are_put_got_and_removed(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "get:a");
    harness_message(host, 1, "put:a");
    harness_message(host, 1, "get:a");
    harness_message(host, 1, "remove:a");
    harness_message(host, 1, "remove:a");
    harness_message(host, 1, "put-for-no-time:a");
    harness_message(host, 1, "get:a");
    assert_string_equal(harness_sent(host), "get -5 |put 0|get 0 kept|remove 0|remove -5|put 0|get -5 |");
    harness_close(host);
}

static void bad_arguments_are_refused(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "bad-keys");
    assert_string_equal(harness_sent(host), "taken 0|");
    harness_close(host);
}

static void who_calls_for_one_that_is_gone_is_told_so(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "keep-host");
    harness_stop(host);
    harness_message_elsewhere(host, 1, "stale");
    assert_contains(harness_log(host), "stale, here: module=probe\n");
    assert_contains(harness_log(host), " -2 -2 -2 -2 -2 -2 -2 -2 module=probe");
    assert_contains(harness_log(host), " -2 -2 -2 -2 -2 -2 -3 -3 module=probe"); /* on a thread */
    assert_contains(harness_log(host), "said by one that is gone module=probe");
    assert_true(harness_metric(host, "dunlin_stale_calls_total", "probe") == 14);
    harness_close(host);
}

static void the_loop_is_given_with_its_version(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "loop");
    assert_contains(harness_sent(host), "loop 1 1"); /* 1.x */
    harness_close(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_fetched_once_for_all),
        cmocka_unit_test(a_flight_that_failed_tells_why_and_keeps_nothing),
        cmocka_unit_test(a_flight_may_land_on_any_thread),
        cmocka_unit_test(who_waits_too_long_is_told_so),
        cmocka_unit_test(who_is_destroyed_lets_the_others_know),
        cmocka_unit_test(values_are_put_got_and_removed),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(who_calls_for_one_that_is_gone_is_told_so),
        cmocka_unit_test(the_loop_is_given_with_its_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

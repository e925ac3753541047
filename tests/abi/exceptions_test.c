/* SPDX-License-Identifier: Apache-2.0 */
/* A module of dunlin.hpp that throws: each exception is caught, logged, and answered as a fault. */
#include "tests/abi/abi_test.h"

enum { OK = 0, E_UNAVAILABLE = -7 };

static harness *open_thrower(void) { return harness_open_with("thrower", "thrower"); }

static void a_check_that_throws_is_try_later(void **state) {
    (void)state;
    harness *host = open_thrower();
    assert_int_equal(harness_login(host, 1, "throw").outcome, UNAVAILABLE);
    assert_contains(harness_log(host), "an exception in check");
    assert_contains(harness_log(host), "thrown as told");
    assert_int_equal(harness_login(host, 1, "throw-int").outcome, UNAVAILABLE);
    assert_true(harness_metric(host, "dunlin_auth_outcomes_total", "fault") == 2);
    harness_close(host);
}

static void verdicts_come_through(void **state) {
    (void)state;
    harness *host = open_thrower();
    const login denied = harness_login(host, 1, "deny");
    assert_int_equal(denied.outcome, DENIED);
    assert_string_equal(denied.reason, "no");
    const login allowed = harness_login(host, 1, "1463786910324359168");
    assert_int_equal(allowed.outcome, ALLOWED);
    assert_string_equal(allowed.uid, "1463786910324359168");
    assert_string_equal(allowed.context, "plan=\"gold\";");
    assert_string_equal(allowed.channels, "news;");
    assert_int_equal(allowed.expires_at_ms, 1234);
    harness_close(host);
}

static void a_router_that_throws_is_at_fault(void **state) {
    (void)state;
    harness *host = open_thrower();
    assert_int_equal(harness_open_conn(host, 1), PROCEED);
    assert_int_equal(harness_open_conn(host, 13), FAULT);
    assert_int_equal(harness_message(host, 1, "throw"), FAULT);
    assert_int_equal(harness_message(host, 1, "throw-int"), FAULT);
    assert_int_equal(harness_message(host, 1, "forget"), FAULT); /* its ticket was destroyed */
    assert_int_equal(harness_message(host, 1, "http-bad"), FAULT);
    assert_contains(harness_log(host), "http request: status -1");
    assert_int_equal(harness_message(host, 1, "fine"), PROCEED);
    harness_close(host);
}

static void hooks_without_an_answer_only_log(void **state) {
    (void)state;
    harness *host = open_thrower();
    harness_open_conn(host, 1);
    harness_hand_over(host, 1);
    harness_close_conn(host, 1, 1000, "");
    assert_contains(harness_log(host), "thrown by release");
    assert_contains(harness_log(host), "an exception in adopt");
    assert_contains(harness_log(host), "thrown by close");
    harness_close(host);
}

static void a_guard_that_throws_is_try_later(void **state) {
    (void)state;
    harness *host = open_thrower();
    assert_int_equal(harness_guard(host, 1, "news"), OK);
    assert_int_equal(harness_guard(host, 1, "throw"), E_UNAVAILABLE);
    harness_close(host);
}

static void callbacks_that_throw_only_log(void **state) {
    (void)state;
    harness *host = open_thrower();
    harness_message(host, 1, "timer");
    harness_advance(host, 100);
    assert_contains(harness_log(host), "an exception in a timer");
    harness_message(host, 1, "http");
    harness_answer_http(host, 200, "yes");
    assert_contains(harness_log(host), "an exception in the answer of an HTTP request");
    harness_message(host, 1, "post");
    harness_turn(host);
    assert_contains(harness_log(host), "an exception in a posted task");
    harness_message(host, 1, "redis");
    harness_answer_redis(host);
    assert_contains(harness_log(host), "an exception in the answer of Redis");
    harness_message(host, 1, "offload");
    harness_wait_sent(host, harness_sent_count(host) + 1);
    assert_contains(harness_log(host), "an exception in work on the pool");
    assert_contains(harness_log(host), "an exception after work on the pool");
    harness_close(host);
}

static void what_is_destroyed_is_stopped(void **state) {
    (void)state;
    harness *host = open_thrower();
    harness_message(host, 1, "timer");
    harness_message(host, 1, "http");
    assert_int_equal(harness_timers(host), 1);
    assert_int_equal(harness_requests(host), 1);
    harness_message(host, 1, "redis");
    assert_int_equal(harness_redis_commands(host), 1);
    harness_message(host, 1, "drop");
    assert_int_equal(harness_redis_commands(host), 0);
    assert_int_equal(harness_timers(host), 0);
    assert_int_equal(harness_requests(host), 0);
    harness_close(host);
}

static void the_host_in_words_of_cpp(void **state) {
    (void)state;
    harness *host = open_thrower();
    harness_know(host, 1);
    assert_int_equal(harness_message(host, 1, "words"), PROCEED);
    assert_string_equal(harness_sent(host), "\"gold\"|none|subscribed|published|ok|");
    assert_true(harness_metric(host, "dunlin_thrower_level", "3") == 3);
    assert_int_equal(harness_message(host, 1, "redis-bad"), FAULT);
    harness_close(host);
}

static void settings_that_throw_are_refused(void **state) {
    (void)state;
    assert_contains(harness_faults("thrower", "thrower", "{\"refuse\":1}"), "dunlin.yaml:8:5: modules.thrower.refuse: refused, as it was told to");
    assert_contains(harness_faults("thrower", "thrower", "{\"count\":1}"), "thrown by settings");
    assert_contains(harness_faults("thrower", "thrower", "{\"list\":1}"), "refused its settings and gave no reason");
    assert_string_equal(harness_faults("thrower", "thrower", "{\"fail\":1}"), ""); /* that is for create */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_that_throws_is_try_later),
        cmocka_unit_test(verdicts_come_through),
        cmocka_unit_test(a_router_that_throws_is_at_fault),
        cmocka_unit_test(hooks_without_an_answer_only_log),
        cmocka_unit_test(a_guard_that_throws_is_try_later),
        cmocka_unit_test(callbacks_that_throw_only_log),
        cmocka_unit_test(what_is_destroyed_is_stopped),
        cmocka_unit_test(the_host_in_words_of_cpp),
        cmocka_unit_test(settings_that_throw_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

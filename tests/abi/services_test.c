/* SPDX-License-Identifier: Apache-2.0 */
/* The services of the host, as a module meets them. */
#include "tests/abi/abi_test.h"

/* Sends one message to the router of a host that has the chain `probe`. */
static harness *after(const char *message) {
    harness *host = harness_open("probe");
    assert_int_equal(harness_message(host, 1, message), PROCEED);
    return host;
}

static void every_worker_service_refuses_another_thread(void **state) {
    (void)state;
    harness *host = after("foreign");
    assert_string_equal(harness_sent(host), "misses 0|");
    assert_contains(harness_log(host), "a line from a thread module=probe");
    harness_close(host);
}

static void bad_arguments_are_refused(void **state) {
    (void)state;
    harness *host = after("bad-arguments");
    assert_string_equal(harness_sent(host), "taken 0|");
    assert_int_equal(harness_timers(host), 0);
    assert_int_equal(harness_requests(host), 0);
    harness_close(host);
}

static void a_timer_fires_once(void **state) {
    (void)state;
    harness *host = after("timer-once");
    harness_advance(host, 99);
    assert_string_equal(harness_sent(host), "");
    harness_advance(host, 1000);
    assert_string_equal(harness_sent(host), "tick 1|");
    harness_message(host, 1, "timer-stop");
    assert_contains(harness_sent(host), "stop -2, again -2|");
    harness_close(host);
}

static void a_stopped_timer_does_not_fire(void **state) {
    (void)state;
    harness *host = after("timer-once");
    harness_message(host, 1, "timer-stop");
    harness_advance(host, 1000);
    assert_string_equal(harness_sent(host), "stop 0, again -2|");
    harness_close(host);
}

static void a_timer_may_stop_itself(void **state) {
    (void)state;
    harness *host = after("timer-every");
    harness_advance(host, 1000);
    assert_string_equal(harness_sent(host), "tick 1|tick 2|tick 3|stop 0|");
    assert_int_equal(harness_timers(host), 0);
    harness_close(host);
}

static void destroying_stops_timers_and_requests(void **state) {
    (void)state;
    harness *host = after("timer-every");
    harness_message(host, 1, "http:keep");
    assert_int_equal(harness_requests(host), 1);
    harness_stop(host);
    assert_int_equal(harness_timers(host), 0);
    assert_int_equal(harness_requests(host), 0);
    harness_advance(host, 1000);
    assert_string_equal(harness_sent(host), "destroyed|");
    harness_close(host);
}

static void tasks_posted_by_a_thread_run_on_the_worker_in_order(void **state) {
    (void)state;
    harness *host = after("post");
    harness_wait_sent(host, 3);
    assert_contains(harness_sent(host), "tick 1|tick 2|tick 3|");
    harness_close(host);
}

static void tasks_posted_while_stopping_run_before_destroy_or_are_refused(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        harness *host = after("post");
        harness_stop(host);
        const int sent = harness_sent_count(host);
        harness_turn(host);
        assert_int_equal(harness_sent_count(host), sent); /* nothing comes after destroy */
        assert_contains(harness_sent(host), "destroyed|");
        harness_close(host);
    }
}

static void offloaded_work_comes_back_to_the_worker(void **state) {
    (void)state;
    harness *host = after("offload");
    harness_wait_sent(host, 2);
    assert_string_equal(harness_sent(host), "offload 0|worked 40|");
    harness_close(host);
}

static void destroy_waits_for_offloaded_work(void **state) {
    (void)state;
    harness *host = after("offload");
    harness_stop(host);
    assert_string_equal(harness_sent(host), "offload 0|worked 40|destroyed|");
    harness_turn(host);
    assert_int_equal(harness_sent_count(host), 3);
    harness_close(host);
}

static void an_http_answer_comes_once(void **state) {
    (void)state;
    harness *host = after("http:keep");
    harness_answer_http(host, 200, "yes");
    harness_answer_http(host, 200, "again");
    assert_string_equal(harness_sent(host), "http 0 200 yes|");
    harness_close(host);
}

static void a_cancelled_http_request_is_not_answered(void **state) {
    (void)state;
    harness *host = after("http:cancel");
    harness_answer_http(host, 200, "yes");
    assert_string_equal(harness_sent(host), "cancel 0|");
    harness_close(host);
}

static void a_push_is_answered_after_the_call(void **state) {
    (void)state;
    harness *host = after("push:orders");
    assert_string_equal(harness_sent(host), "push:orders:data|");
    harness_turn(host);
    assert_string_equal(harness_sent(host), "push:orders:data|pushed 0 1|");
    harness_message(host, 1, "push:full");
    harness_turn(host);
    assert_contains(harness_sent(host), "pushed -4 0|");
    harness_close(host);
}

static void counts_of_a_publish_come_after_the_call(void **state) {
    (void)state;
    harness *host = after("publish");
    assert_string_equal(harness_sent(host), "");
    harness_turn(host);
    assert_string_equal(harness_sent(host), "published 2/1|");
    harness_close(host);
}

static void counts_of_a_publish_do_not_reach_the_destroyed(void **state) {
    (void)state;
    harness *host = after("publish");
    harness_stop(host);
    harness_turn(host);
    assert_string_equal(harness_sent(host), "destroyed|");
    harness_close(host);
}

static void no_hook_runs_inside_authenticate(void **state) {
    (void)state;
    harness *host = after("authenticate:twice");
    assert_string_equal(harness_sent(host), "asked|"); /* the chain has not begun */
    harness_turn(host);
    assert_string_equal(harness_sent(host), "asked|first 0, second -2|login 1 0|");
    harness_close(host);
}

static void a_login_that_has_not_begun_is_dropped_with_its_connection(void **state) {
    (void)state;
    harness *host = after("authenticate:twice");
    harness_cancel(host, 1);
    harness_turn(host);
    assert_string_equal(harness_sent(host), "asked|");
    harness_close(host);
}

static void figures_of_a_module_carry_its_name(void **state) {
    (void)state;
    harness *host = after("figures");
    assert_string_equal(harness_sent(host), "same 1|");
    assert_true(harness_metric(host, "dunlin_probe_asked_total", "a") == 3);
    assert_true(harness_metric(host, "dunlin_probe_level", "3") == 3); /* a gauge says its worker */
    harness_close(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_worker_service_refuses_another_thread),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(a_timer_fires_once),
        cmocka_unit_test(a_stopped_timer_does_not_fire),
        cmocka_unit_test(a_timer_may_stop_itself),
        cmocka_unit_test(destroying_stops_timers_and_requests),
        cmocka_unit_test(tasks_posted_by_a_thread_run_on_the_worker_in_order),
        cmocka_unit_test(tasks_posted_while_stopping_run_before_destroy_or_are_refused),
        cmocka_unit_test(offloaded_work_comes_back_to_the_worker),
        cmocka_unit_test(destroy_waits_for_offloaded_work),
        cmocka_unit_test(an_http_answer_comes_once),
        cmocka_unit_test(a_cancelled_http_request_is_not_answered),
        cmocka_unit_test(a_push_is_answered_after_the_call),
        cmocka_unit_test(counts_of_a_publish_come_after_the_call),
        cmocka_unit_test(counts_of_a_publish_do_not_reach_the_destroyed),
        cmocka_unit_test(no_hook_runs_inside_authenticate),
        cmocka_unit_test(a_login_that_has_not_begun_is_dropped_with_its_connection),
        cmocka_unit_test(figures_of_a_module_carry_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

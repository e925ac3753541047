/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribe guards, publish filters and HTTP routes: what the host makes of their answers. */
#include "tests/abi/abi_test.h"

enum { OK = 0, E_GONE = -2, E_UNAVAILABLE = -7, E_DENIED = -9 };

static int guard(const char *channel) {
    harness *host = harness_open("");
    const int status = harness_guard(host, 1, channel);
    harness_close(host);
    return status;
}

static void all_guards_must_agree_and_one_must_allow(void **state) {
    (void)state;
    assert_int_equal(guard("allow"), OK);           /* the first allows, the second passes */
    assert_int_equal(guard("pass:yes"), OK);        /* the other way round */
    assert_int_equal(guard("pass"), E_DENIED);      /* nobody allows */
    assert_int_equal(guard("deny:yes"), E_DENIED);  /* the second is not asked */
    assert_int_equal(guard("allow:no"), E_DENIED);  /* an ALLOW does not stop the second from denying */
}

static void a_guard_that_fails_is_try_later(void **state) {
    (void)state;
    assert_int_equal(guard("nonsense"), E_UNAVAILABLE);
    assert_int_equal(guard("negative:yes"), E_UNAVAILABLE);
}

static void a_guard_may_answer_later(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_int_equal(harness_guard(host, 1, "later"), WAITS);
    harness_advance(host, 49);
    assert_int_equal(harness_guard_answer(host), WAITS);
    harness_advance(host, 1);
    assert_int_equal(harness_guard_answer(host), OK);
    assert_int_equal(harness_timers(host), 0);
    assert_int_equal(harness_guard(host, 1, "later:no"), WAITS); /* the second is asked then */
    harness_advance(host, 50);
    assert_int_equal(harness_guard_answer(host), E_DENIED);
    assert_true(harness_metric(host, "dunlin_guard_outcomes_total", "allow") == 2);
    harness_close(host);
}

static void a_guard_may_answer_from_a_thread(void **state) {
    (void)state;
    harness *host = harness_open("");
    for (int i = 0; i < 20; i++) {
        const int status = harness_guard(host, 1, "thread");
        if (status == WAITS) {
            harness_message(host, 1, "race-result"); /* joins the thread */
            harness_turn(host);
        }
        assert_int_equal(harness_guard_answer(host), OK);
    }
    harness_close(host);
}

static void a_guard_that_misses_its_deadline_is_try_later(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_guard(host, 1, "never");
    harness_advance(host, 5000);
    assert_int_equal(harness_guard_answer(host), E_UNAVAILABLE);
    assert_string_equal(harness_sent(host), "cancel 1, answer -2|");
    assert_true(harness_metric(host, "dunlin_guard_outcomes_total", "deadline") == 1);
    assert_true(harness_metric(host, "dunlin_tickets_pending", "") == 0);
    harness_close(host);
}

static void a_connection_that_leaves_voids_the_question(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_guard(host, 1, "never");
    harness_cancel(host, 2);
    assert_int_equal(harness_guard_answer(host), WAITS);
    harness_cancel(host, 1);
    assert_int_equal(harness_guard_answer(host), E_GONE);
    assert_string_equal(harness_sent(host), "cancel 2, answer -2|");
    assert_int_equal(harness_timers(host), 0);
    harness_close(host);
}

static void stopping_takes_questions_back_and_tells_nobody(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_guard(host, 1, "never");
    harness_serve(host, 0, "never");
    harness_stop(host);
    assert_string_equal(harness_sent(host), "cancel 3, answer -2|cancel 3, answer -2|destroyed|");
    assert_int_equal(harness_guard_answer(host), WAITS);
    assert_string_equal(harness_reply(host), "");
    harness_close(host);
}

static void a_router_is_told_what_the_guards_say(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "subscribe:allow");
    assert_string_equal(harness_sent(host), "asked 0|"); /* no guard is asked inside the call */
    harness_turn(host);
    harness_message(host, 1, "subscribe:deny");
    harness_turn(host);
    assert_string_equal(harness_sent(host), "asked 0|subscribed 1 0|asked 0|subscribed 1 -9|");
    harness_close(host);
}

static void filter(harness *host, const char *text, int outcome, const char *out) {
    assert_int_equal(harness_filter(host, text), outcome);
    if (out) assert_string_equal(harness_filtered(host), out);
}

static void filters_pass_change_and_drop(void **state) {
    (void)state;
    harness *host = harness_open("");
    filter(host, "pass", PASSED, "pass");
    filter(host, "allow", PASSED, "allow");
    filter(host, "change", PASSED, "changed");
    filter(host, "to-binary", PASSED, "\xff (binary)");
    filter(host, "shorter", PASSED, "short");
    filter(host, "deny", DROPPED, NULL);
    assert_true(harness_metric(host, "dunlin_filter_outcomes_total", "allow") == 4);
    harness_close(host);
}

static void a_filter_that_fails_drops(void **state) {
    (void)state;
    static const char *const faults[] = {"nonsense", "negative", "pending", "not-utf8", "no-kind", "lying"};
    harness *host = harness_open("");
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) filter(host, faults[i], FAULTY, faults[i]);
    assert_true(harness_metric(host, "dunlin_filter_outcomes_total", "fault") == 6);
    assert_contains(harness_log(host), "module fault");
    harness_close(host);
}

static void a_filter_may_publish(void **state) {
    (void)state;
    harness *host = harness_open("");
    filter(host, "publish", PASSED, "publish");
    assert_string_equal(harness_sent(host), "publish 0|");
    harness_close(host);
}

static void verdicts_of_a_route_have_their_status(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_int_equal(harness_serve(host, 0, "allow"), 204);
    assert_int_equal(harness_serve(host, 0, "deny"), 403);
    assert_int_equal(harness_serve(host, 0, "pass"), 404);
    assert_int_equal(harness_serve(host, 0, "nonsense"), 500);
    assert_int_equal(harness_serve(host, 0, "negative"), 500);
    assert_int_equal(harness_serve(host, 0, "never"), WAITS);
    harness_advance(host, 5000);
    assert_contains(harness_reply(host), "504 ");
    assert_contains(harness_sent(host), "cancel 1, answer -2|");
    harness_close(host);
}

static void a_route_replies_once(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_int_equal(harness_serve(host, 1, "reply:2"), 200);
    assert_string_equal(harness_reply(host), "200 application/json /probe ");
    assert_string_equal(harness_sent(host), "reply 0, again -2|");
    assert_int_equal(harness_serve(host, 1, "reply-header:X-A"), 200);
    assert_string_equal(harness_reply(host), "200 text/plain /probe X-A: v\r\n");
    harness_close(host);
}

static void a_reply_allows_nothing_but_an_http_request(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    assert_int_equal(harness_guard(host, 1, "replied"), E_UNAVAILABLE);
    assert_int_equal(harness_message(host, 1, "replied"), FAULT);
    assert_int_equal(harness_login(host, 1, "replied").outcome, UNAVAILABLE);
    assert_contains(harness_log(host), "an HTTP reply to what is no HTTP request");
    assert_int_equal(harness_serve(host, 0, "replied"), 200);
    harness_close(host);
}

static void a_reply_that_cannot_be_sent_is_refused(void **state) {
    (void)state;
    static const char *const bodies[] = {"reply:1", "reply:7", "reply-header:", "reply-header:Content-Length",
                                         "reply-header:connection", "reply-header:a b", "reply-header:a\r\nb"};
    harness *host = harness_open("");
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        assert_int_equal(harness_serve(host, 1, bodies[i]), WAITS); /* its ticket stays open */
        assert_int_equal(harness_sent_count(host), (int)i + 1);
    }
    assert_lacks(harness_sent(host), " 0");
    harness_close(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_guards_must_agree_and_one_must_allow),
        cmocka_unit_test(a_guard_that_fails_is_try_later),
        cmocka_unit_test(a_guard_may_answer_later),
        cmocka_unit_test(a_guard_may_answer_from_a_thread),
        cmocka_unit_test(a_guard_that_misses_its_deadline_is_try_later),
        cmocka_unit_test(a_connection_that_leaves_voids_the_question),
        cmocka_unit_test(stopping_takes_questions_back_and_tells_nobody),
        cmocka_unit_test(a_router_is_told_what_the_guards_say),
        cmocka_unit_test(filters_pass_change_and_drop),
        cmocka_unit_test(a_filter_that_fails_drops),
        cmocka_unit_test(a_filter_may_publish),
        cmocka_unit_test(verdicts_of_a_route_have_their_status),
        cmocka_unit_test(a_route_replies_once),
        cmocka_unit_test(a_reply_allows_nothing_but_an_http_request),
        cmocka_unit_test(a_reply_that_cannot_be_sent_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

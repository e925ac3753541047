/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that come early, late, twice, from another thread, and never. */
#include "tests/abi/abi_test.h"

static void an_answer_inside_the_hook_is_taken_when_it_returns(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    assert_int_equal(harness_login(host, 1, "inside:5").outcome, ALLOWED);
    assert_int_equal(harness_answers(host), 0); /* nothing went to the sink */
    assert_int_equal(harness_timers(host), 0);  /* and no deadline was set */
    assert_true(harness_metric(host, "dunlin_tickets_pending", "") == 0);
    harness_close(host);
}

static void the_first_answer_wins(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    assert_int_equal(harness_login(host, 1, "twice").outcome, ALLOWED);
    assert_string_equal(harness_sent(host), "first 0, second -2|");
    assert_int_equal(harness_login(host, 1, "inside-then-deny").outcome, ALLOWED);
    assert_true(harness_metric(host, "dunlin_late_answers_total", "") == 1);
    harness_close(host);
}

static void pending_is_no_answer(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    assert_int_equal(harness_login(host, 1, "pending-is-no-answer").outcome, ALLOWED);
    assert_string_equal(harness_sent(host), "-1|");
    harness_close(host);
}

static void a_pending_answer_comes_later(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    assert_int_equal(harness_login(host, 1, "later").outcome, PENDING);
    assert_true(harness_metric(host, "dunlin_tickets_pending", "") == 1);
    harness_advance(host, 49);
    assert_int_equal(harness_answers(host), 0);
    harness_advance(host, 1);
    assert_int_equal(harness_login_answer(host, 1).outcome, ALLOWED);
    assert_string_equal(harness_login_answer(host, 1).uid, "7");
    assert_int_equal(harness_timers(host), 0); /* its deadline is off */
    assert_true(harness_metric(host, "dunlin_tickets_pending", "") == 0);
    harness_close(host);
}

static void an_answer_does_not_reenter_the_caller(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    harness_login(host, 1, "never");
    assert_int_equal(harness_message(host, 2, "answer-last"), PROCEED);
    assert_string_equal(harness_sent(host), "last 0|");
    assert_int_equal(harness_answers(host), 0); /* not from inside answer() */
    harness_turn(host);
    assert_int_equal(harness_login_answer(host, 1).outcome, ALLOWED);
    harness_close(host);
}

static void a_late_pass_asks_the_next(void **state) {
    (void)state;
    harness *host = harness_open("probe,passer,allower");
    assert_int_equal(harness_login(host, 1, "pass-later").outcome, PENDING);
    harness_advance(host, 50);
    assert_int_equal(harness_login_answer(host, 1).outcome, ALLOWED);
    assert_string_equal(harness_login_answer(host, 1).module, "allower");
    assert_string_equal(harness_login_answer(host, 1).uid, "pass-later"); /* the token went on with it */
    harness_close(host);
}

static void an_answer_may_come_from_another_thread(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    int expected = 0;
    for (uint64_t conn = 1; conn <= 20; conn++) {
        if (harness_login(host, conn, "thread").outcome == PENDING) expected++;
        harness_wait_answers(host, expected);
        assert_int_equal(harness_login_answer(host, conn).outcome, ALLOWED);
    }
    assert_int_equal(expected, 20); /* a thread's answer never counts as one inside the hook */
    harness_close(host);
}

static void of_many_threads_exactly_one_answers(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    harness_login(host, 1, "race");
    harness_wait_answers(host, 1);
    harness_message(host, 2, "race-result");
    assert_string_equal(harness_sent(host), "won 1, gone 7|");
    assert_true(harness_metric(host, "dunlin_late_answers_total", "") == 7);
    harness_turn(host);
    assert_int_equal(harness_answers(host), 1);
    harness_close(host);
}

static void a_missed_deadline_is_try_later(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    harness_login(host, 1, "never");
    harness_advance(host, 4999);
    assert_int_equal(harness_answers(host), 0);
    harness_advance(host, 1);
    assert_int_equal(harness_login_answer(host, 1).outcome, UNAVAILABLE);
    assert_string_equal(harness_sent(host), "cancel 1, answer -2|");
    assert_true(harness_metric(host, "dunlin_auth_outcomes_total", "deadline") == 1);
    harness_message(host, 2, "answer-last");
    harness_turn(host);
    assert_int_equal(harness_answers(host), 1);
    assert_contains(harness_sent(host), "last -2|");
    harness_close(host);
}

static void a_missed_deadline_of_a_router_is_a_fault(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_int_equal(harness_message(host, 1, "never"), PENDING);
    harness_advance(host, 5000);
    assert_int_equal(harness_router_answer(host, 1), FAULT);
    assert_contains(harness_log(host), "no answer within the deadline");
    harness_close(host);
}

static void a_router_may_answer_later(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_int_equal(harness_message(host, 1, "later"), PENDING);
    harness_advance(host, 50);
    assert_int_equal(harness_router_answer(host, 1), PROCEED);
    harness_close(host);
}

static void a_connection_that_leaves_voids_its_ticket(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    harness_login(host, 1, "never");
    harness_cancel(host, 1);
    assert_string_equal(harness_sent(host), "cancel 2, answer -2|");
    assert_int_equal(harness_timers(host), 0);
    harness_message(host, 2, "answer-last");
    assert_contains(harness_sent(host), "last -2|");
    harness_advance(host, 10000);
    assert_int_equal(harness_answers(host), 0);
    harness_close(host);
}

static void an_answer_under_way_when_the_connection_leaves_is_dropped(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    harness_login(host, 1, "never");
    harness_message(host, 2, "answer-last"); /* claimed, not yet taken */
    harness_cancel(host, 1);
    assert_string_equal(harness_sent(host), "last 0|"); /* it was answered: no cancel */
    harness_turn(host);
    assert_int_equal(harness_answers(host), 0);
    assert_true(harness_metric(host, "dunlin_tickets_pending", "") == 0);
    harness_close(host);
}

static void both_questions_of_a_connection_are_voided(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    harness_login(host, 1, "never");
    harness_message(host, 1, "never");
    harness_cancel(host, 1);
    assert_string_equal(harness_sent(host), "cancel 2, answer -2|cancel 2, answer -2|");
    harness_close(host);
}

static void stopping_takes_every_ticket_back(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    harness_login(host, 1, "never");
    harness_message(host, 2, "never");
    harness_stop(host);
    assert_string_equal(harness_sent(host), "cancel 3, answer -2|cancel 3, answer -2|destroyed|");
    assert_int_equal(harness_answers(host), 0);
    assert_int_equal(harness_timers(host), 0);
    harness_close(host);
}

static void a_thread_that_answers_while_stopping_does_no_harm(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        harness *host = harness_open("probe");
        harness_login(host, 1, "race");
        harness_stop(host);
        harness_turn(host); /* what the threads posted finds nobody */
        assert_int_equal(harness_answers(host), 0);
        harness_close(host);
    }
}

static void an_unknown_ticket_is_gone(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_int_equal(harness_message(host, 1, "unknown-ticket"), PROCEED);
    assert_string_equal(harness_sent(host), "-2 -2 -2|");
    harness_close(host);
}

static void very_many_tickets_may_be_open(void **state) {
    (void)state;
    enum { COUNT = 5000 }; /* more than a segment of the table */
    harness *host = harness_open("probe");
    for (uint64_t conn = 1; conn <= COUNT; conn++) assert_int_equal(harness_login(host, conn, "never").outcome, PENDING);
    assert_true(harness_metric(host, "dunlin_tickets_pending", "") == COUNT);
    for (uint64_t conn = 1; conn <= COUNT; conn++) harness_cancel(host, conn);
    assert_true(harness_metric(host, "dunlin_tickets_pending", "") == 0);
    harness_close(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_inside_the_hook_is_taken_when_it_returns),
        cmocka_unit_test(the_first_answer_wins),
        cmocka_unit_test(pending_is_no_answer),
        cmocka_unit_test(a_pending_answer_comes_later),
        cmocka_unit_test(an_answer_does_not_reenter_the_caller),
        cmocka_unit_test(a_late_pass_asks_the_next),
        cmocka_unit_test(an_answer_may_come_from_another_thread),
        cmocka_unit_test(of_many_threads_exactly_one_answers),
        cmocka_unit_test(a_missed_deadline_is_try_later),
        cmocka_unit_test(a_missed_deadline_of_a_router_is_a_fault),
        cmocka_unit_test(a_router_may_answer_later),
        cmocka_unit_test(a_connection_that_leaves_voids_its_ticket),
        cmocka_unit_test(an_answer_under_way_when_the_connection_leaves_is_dropped),
        cmocka_unit_test(both_questions_of_a_connection_are_voided),
        cmocka_unit_test(stopping_takes_every_ticket_back),
        cmocka_unit_test(a_thread_that_answers_while_stopping_does_no_harm),
        cmocka_unit_test(an_unknown_ticket_is_gone),
        cmocka_unit_test(very_many_tickets_may_be_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

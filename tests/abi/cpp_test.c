/* SPDX-License-Identifier: Apache-2.0 */
/* Modules of dunlin.hpp: one that serves every interface and calls every service (plugins/sugar.cpp), and one that keeps
 * tickets by their numbers (plugins/numbers.cpp). */
#include "tests/abi/abi_test.h"

enum { OK = 0, E_DENIED = -9 };

static harness *open_sugar(void) {
    harness *host = harness_open_with("sugar", "sugar");
    harness_know(host, 1);
    return host;
}

/* What the module says to a message, at once and in the turns after it. */
static void says(harness *host, const char *message, const char *answer) {
    const size_t before = strlen(harness_sent(host));
    assert_int_equal(harness_message(host, 1, message), PROCEED);
    harness_turn(host);
    assert_string_equal(harness_sent(host) + before, answer);
}

static void a_check_answers_at_once_or_later(void **state) {
    (void)state;
    harness *host = open_sugar();
    const login ann = harness_login(host, 1, "ann");
    assert_int_equal(ann.outcome, ALLOWED);
    assert_string_equal(ann.uid, "ann");
    assert_int_equal(harness_login(host, 1, "throw").outcome, UNAVAILABLE);
    assert_int_equal(harness_login(host, 1, "later").outcome, PENDING);
    harness_advance(host, 5000); /* its cancel destroys the ticket, which is void: no harm */
    assert_int_equal(harness_login_answer(host, 1).outcome, UNAVAILABLE);
    assert_true(harness_metric(host, "dunlin_tickets_pending", "") == 0);
    harness_close(host);
}

static void an_open_may_answer_through_its_ticket(void **state) {
    (void)state;
    harness *host = open_sugar();
    assert_int_equal(harness_open_conn(host, 1), PROCEED);
    assert_int_equal(harness_open_conn(host, 13), FAULT);
    harness_close(host);
}

static void what_a_connection_brought(void **state) {
    (void)state;
    harness *host = open_sugar();
    harness_bytes_arrived(host, 5);
    says(host, "brought",
         "3 headers|example.org a b s3 {\"name\":\"gold\"}|GET -----BEGIN CERTIFICATE-----|1463786910324359168 1|5 unread|"
         "/etc/dunlin logs loop version|");
    assert_true(harness_metric(host, "dunlin_sugar_asked_total", "text") == 1);
    harness_close(host);
}

static void what_is_kept_with_it(void **state) {
    (void)state;
    harness *host = open_sugar();
    says(host, "keeps", "\"gold\"|{\"plan\":\"gold\"}|replaced 0|");
    says(host, "set-late", "late 0 2|");
    says(host, "keeps", "\"gold\"|{\"a\":1,\"late\":2,\"plan\":\"gold\"}|replaced 0|");
    harness_close(host);
}

static void callbacks_come_once(void **state) {
    (void)state;
    harness *host = open_sugar();
    says(host, "subscribe", "told 0|");
    says(host, "subscribe-closed", "told -9|");
    says(host, "publish", "published 2 1|");
    says(host, "publish-throw", "");
    assert_contains(harness_log(host), "an exception after a publish");
    says(host, "send", "told -2|");
    says(host, "push", "push:jobs:one|held 0 1|");
    says(host, "login", "login 1 0|");
    says(host, "http", "");
    harness_answer_http(host, 204, "");
    assert_contains(harness_sent(host), "204 text/plain|");
    says(host, "redis", "knows cache|");
    says(host, "timer", "");
    harness_advance(host, 100);
    assert_contains(harness_sent(host), "fired|");
    harness_close(host);
}

static void callbacks_that_never_come_go_with_the_instance(void **state) {
    (void)state;
    static const char *const waits[] = {"keeps", "subscribe", "publish", "send", "push", "login", "fetch", "http", "timer"};
    harness *host = open_sugar();
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) harness_message(host, 1, waits[i]);
    harness_stop(host); /* a sanitizer sees what is left */
    harness_turn(host);
    assert_lacks(harness_sent(host), "published");
    harness_close(host);
}

static void a_value_is_fetched_once(void **state) {
    (void)state;
    harness *host = open_sugar();
    says(host, "fetch", "one flight|");
    says(host, "land", "fetched 0 value|fetched 0 value|");
    says(host, "cached", "value|removed 0 -5|");
    harness_close(host);
}

static void a_flight_that_is_dropped_tells_who_waits(void **state) {
    (void)state;
    harness *host = open_sugar();
    says(host, "fetch", "one flight|");
    says(host, "crash-flight", "fetched -7 |fetched -7 |");
    harness_close(host);
}

static void a_guard(void **state) {
    (void)state;
    harness *host = open_sugar();
    assert_int_equal(harness_guard(host, 1, "open"), OK);
    assert_int_equal(harness_guard(host, 1, "closed"), E_DENIED);
    harness_close(host);
}

static void a_filter(void **state) {
    (void)state;
    harness *host = open_sugar();
    assert_int_equal(harness_filter(host, "as it is"), PASSED);
    assert_string_equal(harness_filtered(host), "as it is");
    assert_int_equal(harness_filter(host, "change"), PASSED);
    assert_string_equal(harness_filtered(host), "changed");
    assert_int_equal(harness_filter(host, "to-binary"), PASSED);
    assert_string_equal(harness_filtered(host), "\xff (binary)");
    assert_int_equal(harness_filter(host, "drop"), DROPPED);
    assert_int_equal(harness_filter(host, "throw"), FAULTY);
    assert_contains(harness_log(host), "an exception in filter");
    harness_close(host);
}

static void a_route(void **state) {
    (void)state;
    harness *host = open_sugar();
    assert_int_equal(harness_serve(host, 1, ""), 200);
    assert_string_equal(harness_reply(host), "200 text/plain POST/probe?a=b 1 X-A: 1\r\n");
    assert_int_equal(harness_serve(host, 0, "bad"), 503);
    assert_int_equal(harness_serve(host, 0, "forget"), 500);
    assert_int_equal(harness_serve(host, 0, "throw"), 500);
    assert_contains(harness_log(host), "an exception in serve");
    assert_int_equal(harness_serve(host, 0, "later"), WAITS);
    harness_message(host, 1, "reply");
    harness_turn(host);
    assert_contains(harness_reply(host), "201 application/json late");
    assert_int_equal(harness_serve(host, 0, "later"), WAITS);
    harness_advance(host, 5000);
    assert_contains(harness_reply(host), "504 ");
    harness_close(host);
}

static void a_framer(void **state) {
    (void)state;
    harness *host = open_sugar();
    assert_int_equal(harness_input(host, 1, "half"), 0);
    assert_int_equal(harness_input(host, 1, "a line\nand more"), 7);
    assert_true(harness_input(host, 1, "throw") < -1);
    harness_bytes_arrived(host, 5);
    harness_input(host, 1, "clear");
    says(host, "brought",
         "3 headers|example.org a b s3 {\"name\":\"gold\"}|GET -----BEGIN CERTIFICATE-----|1463786910324359168 1|no stream|"
         "/etc/dunlin logs loop version|");
    assert_string_equal(harness_encode(host, 0, "hi"), "hi\n");
    assert_string_equal(harness_encode(host, 0, "each"), "(each)");
    assert_string_equal(harness_encode(host, 1, "each"), "each\n");
    assert_string_equal(harness_encode(host, 1, "throw"), "(failed)");
    harness_close(host);
}

static harness *open_numbers(void) {
    harness *host = harness_open_with("numbers", "numbers");
    harness_know(host, 1);
    return host;
}

static void a_question_by_its_number(void **state) {
    (void)state;
    harness *host = open_numbers();
    assert_int_equal(harness_login(host, 1, "ann").outcome, ALLOWED);
    assert_int_equal(harness_login(host, 1, "no").outcome, DENIED);
    assert_int_equal(harness_login(host, 1, "throw").outcome, UNAVAILABLE);
    assert_contains(harness_log(host), "an exception in check");
    assert_int_equal(harness_login(host, 1, "later").outcome, PENDING);
    harness_advance(host, 5000); /* nothing answers for it but the deadline */
    assert_int_equal(harness_login_answer(host, 1).outcome, UNAVAILABLE);
    assert_int_equal(harness_open_conn(host, 1), PROCEED);
    assert_int_equal(harness_open_conn(host, 13), DENY);
    assert_int_equal(harness_guard(host, 1, "news"), OK);
    assert_int_equal(harness_guard(host, 1, "no"), E_DENIED);
    assert_int_equal(harness_message(host, 1, "throw"), FAULT);
    assert_int_equal(harness_message(host, 1, "later"), PENDING);
    assert_int_equal(harness_message(host, 2, "answer"), PROCEED);
    harness_turn(host);
    assert_int_equal(harness_router_answer(host, 1), PROCEED);
    harness_hand_over(host, 1); /* it has neither release nor adopt */
    harness_close(host);
}

static void figures_in_a_table(void **state) {
    (void)state;
    harness *host = open_numbers();
    harness_message(host, 1, "one");
    harness_message(host, 1, "two");
    assert_true(harness_metric(host, "dunlin_numbers_decided_total", "at_once") == 2);
    assert_true(harness_metric(host, "dunlin_numbers_level", "") == 5);
    harness_close(host);
}

static void a_getter_says_why_there_is_nothing(void **state) {
    (void)state;
    harness *host = open_numbers();
    says(host, "found", "-5 -2|-5 -2|-2 0|");
    harness_close(host);
}

static void what_is_refused_needs_no_exception(void **state) {
    (void)state;
    harness *host = open_numbers();
    says(host, "begun", "-1|-5|one runs|");
    harness_advance(host, 100);
    assert_contains(harness_sent(host), "fired|");
    assert_lacks(harness_sent(host), "never");
    harness_close(host);
}

static void a_command_that_nobody_waits_for(void **state) {
    (void)state;
    harness *host = open_numbers();
    says(host, "tell", "redis INCR visits|0|");
    assert_int_equal(harness_redis_commands(host), 1);
    harness_answer_redis(host);
    harness_close(host);
}

static void durations_and_sizes(void **state) {
    (void)state;
    harness *host = open_numbers();
    says(host, "units", "500|172800000|-1|-1|-1|-1|-1|512|65536|2147483648|-1|");
    harness_close(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_answers_at_once_or_later),
        cmocka_unit_test(an_open_may_answer_through_its_ticket),
        cmocka_unit_test(what_a_connection_brought),
        cmocka_unit_test(what_is_kept_with_it),
        cmocka_unit_test(callbacks_come_once),
        cmocka_unit_test(callbacks_that_never_come_go_with_the_instance),
        cmocka_unit_test(a_value_is_fetched_once),
        cmocka_unit_test(a_flight_that_is_dropped_tells_who_waits),
        cmocka_unit_test(a_guard),
        cmocka_unit_test(a_filter),
        cmocka_unit_test(a_route),
        cmocka_unit_test(a_framer),
        cmocka_unit_test(a_question_by_its_number),
        cmocka_unit_test(figures_in_a_table),
        cmocka_unit_test(a_getter_says_why_there_is_nothing),
        cmocka_unit_test(what_is_refused_needs_no_exception),
        cmocka_unit_test(a_command_that_nobody_waits_for),
        cmocka_unit_test(durations_and_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

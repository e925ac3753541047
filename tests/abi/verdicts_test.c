/* SPDX-License-Identifier: Apache-2.0 */
/* What an auth chain and a router make of verdicts: they fail closed. */
#include "tests/abi/abi_test.h"

/* One log-in with the chain `probe`, answered at once. */
static login ask(const char *token) {
    harness *host = harness_open("probe");
    const login answer = harness_login(host, 1, token);
    harness_close(host);
    return answer;
}

static void assert_unavailable(const char *token, const char *why) {
    const login answer = ask(token);
    assert_int_equal(answer.outcome, UNAVAILABLE);
    assert_string_equal(answer.module, "probe");
    assert_contains(answer.reason, why);
    assert_string_equal(answer.uid, "");
}

static void deny_refuses(void **state) {
    (void)state;
    const login answer = ask("deny");
    assert_int_equal(answer.outcome, DENIED);
    assert_string_equal(answer.module, "probe");
}

static void all_passing_refuses(void **state) {
    (void)state;
    const login answer = ask("pass");
    assert_int_equal(answer.outcome, DENIED);
    assert_string_equal(answer.module, "");
}

static void allow_with_an_identity_logs_in(void **state) {
    (void)state;
    const login answer = ask("identity:ok");
    assert_int_equal(answer.outcome, ALLOWED);
    assert_string_equal(answer.uid, "1463786910324359168");
    assert_int_equal(answer.uid_kind, 1);
    assert_string_equal(answer.context, "plan=\"gold\";big=9007199254740993;");
    assert_string_equal(answer.channels, "news;sport;");
    assert_int_equal(answer.expires_at_ms, 1234);
}

static void allow_without_a_uid_is_try_later(void **state) {
    (void)state;
    assert_unavailable("allow", "ALLOW without a uid");
    assert_unavailable("identity:uid", "ALLOW without a uid");
}

static void a_value_that_is_no_verdict_is_try_later(void **state) {
    (void)state;
    assert_unavailable("nonsense", "77 is no verdict");
    assert_unavailable("negative", "-10 is no verdict");
    assert_unavailable("nonsense-answer", "-3 is no verdict");
}

static void a_malformed_identity_is_try_later(void **state) {
    (void)state;
    assert_unavailable("inside:12x", "no decimal integer");
    assert_unavailable("inside:007", "no decimal integer");
    assert_unavailable("inside:-", "no decimal integer");
    assert_unavailable("inside:18446744073709551616", "no decimal integer");
    assert_unavailable("inside:", "the uid is empty");
    assert_unavailable("identity:number", "no decimal integer");
    assert_unavailable("identity:kind", "uid kind 9");
    assert_unavailable("identity:json", "\"big\" is not JSON");
    assert_unavailable("identity:channel", "channel");
    assert_unavailable("identity:pointer", "malformed context");
}

static void a_uid_keeps_every_digit(void **state) {
    (void)state;
    assert_string_equal(ask("inside:18446744073709551615").uid, "18446744073709551615");
    assert_string_equal(ask("inside:-9223372036854775808").uid, "-9223372036854775808");
    assert_string_equal(ask("inside:0").uid, "0");
}

static void a_reason_stays_on_one_line(void **state) {
    (void)state;
    assert_string_equal(ask("denied-because").reason, "two\\nlines");
}

static void pass_asks_the_next(void **state) {
    (void)state;
    harness *host = harness_open("passer,probe");
    const login answer = harness_login(host, 1, "inside:5");
    assert_int_equal(answer.outcome, ALLOWED);
    assert_string_equal(answer.module, "probe");
    assert_true(harness_metric(host, "dunlin_auth_outcomes_total", "pass") == 1);
    assert_true(harness_metric(host, "dunlin_auth_outcomes_total", "allow") == 1);
    harness_close(host);
}

static void a_fault_ends_the_chain(void **state) {
    (void)state;
    harness *host = harness_open("probe,passer");
    assert_int_equal(harness_login(host, 1, "nonsense").outcome, UNAVAILABLE);
    assert_true(harness_metric(host, "dunlin_auth_outcomes_total", "pass") == 0);
    harness_close(host);
}

static void on_error_pass_asks_the_next(void **state) {
    (void)state;
    harness *host = harness_open("probe!,passer");
    assert_int_equal(harness_login(host, 1, "nonsense").outcome, DENIED);
    assert_true(harness_metric(host, "dunlin_auth_outcomes_total", "fault") == 1);
    assert_true(harness_metric(host, "dunlin_auth_outcomes_total", "pass") == 1);
    assert_contains(harness_log(host), "module fault");
    harness_close(host);
}

static void a_router_goes_on_denies_or_is_at_fault(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_int_equal(harness_open_conn(host, 1), PROCEED);
    assert_int_equal(harness_message(host, 1, "pass"), PROCEED);
    assert_int_equal(harness_message(host, 1, "allow"), PROCEED);
    assert_int_equal(harness_message(host, 1, "inside:5"), PROCEED);
    assert_int_equal(harness_message(host, 1, "deny"), DENY);
    assert_int_equal(harness_message(host, 1, "nonsense"), FAULT);
    harness_close(host);
}

static void a_router_hears_the_close(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_close_conn(host, 1, 1001, "");
    harness_close_conn(host, 1, 4000, "bye");
    assert_string_equal(harness_sent(host), "close 1001 -|close 4000 bye|");
    harness_close(host);
}

static void a_chain_of_none_refuses(void **state) {
    (void)state;
    harness *host = harness_open("");
    assert_int_equal(harness_login(host, 1, "inside:5").outcome, DENIED);
    harness_close(host);
}

static void outcomes_and_durations_are_counted(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    harness_login(host, 1, "deny");
    harness_login(host, 1, "inside:5");
    harness_login(host, 1, "nonsense");
    assert_true(harness_metric(host, "dunlin_auth_outcomes_total", "deny") == 1);
    assert_true(harness_metric(host, "dunlin_auth_outcomes_total", "allow") == 1);
    assert_true(harness_metric(host, "dunlin_auth_outcomes_total", "fault") == 1);
    assert_true(harness_metric(host, "dunlin_hook_duration_seconds", "check") == 3);
    assert_true(harness_metric(host, "dunlin_slow_hooks_total", "probe") == 0);
    harness_close(host);
}

static void a_slow_hook_is_logged_and_counted(void **state) {
    (void)state;
    harness *host = harness_open("");
    harness_message(host, 1, "slow");
    assert_true(harness_metric(host, "dunlin_slow_hooks_total", "probe") == 1);
    assert_contains(harness_log(host), "slow hook module=probe hook=message worker=3 ms=1");
    harness_close(host);
}

static void the_hot_path_allocates_nothing(void **state) {
    (void)state;
    harness *host = harness_open("probe");
    assert_int_equal(harness_message_allocations(host, "allow"), 0);
    assert_int_equal(harness_message_allocations(host, "allow:and a text that is longer than a short string"), 0);
    assert_int_equal(harness_message_allocations(host, "inside:5"), 0);
    assert_int_equal(harness_login_allocations(host, "inside:1463786910"), 0);
    assert_in_range(harness_login_allocations(host, "inside:1463786910324359168"), 0, 1); /* the uid */
    harness_close(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deny_refuses),
        cmocka_unit_test(all_passing_refuses),
        cmocka_unit_test(allow_with_an_identity_logs_in),
        cmocka_unit_test(allow_without_a_uid_is_try_later),
        cmocka_unit_test(a_value_that_is_no_verdict_is_try_later),
        cmocka_unit_test(a_malformed_identity_is_try_later),
        cmocka_unit_test(a_uid_keeps_every_digit),
        cmocka_unit_test(a_reason_stays_on_one_line),
        cmocka_unit_test(pass_asks_the_next),
        cmocka_unit_test(a_fault_ends_the_chain),
        cmocka_unit_test(on_error_pass_asks_the_next),
        cmocka_unit_test(a_router_goes_on_denies_or_is_at_fault),
        cmocka_unit_test(a_router_hears_the_close),
        cmocka_unit_test(a_chain_of_none_refuses),
        cmocka_unit_test(outcomes_and_durations_are_counted),
        cmocka_unit_test(a_slow_hook_is_logged_and_counted),
        cmocka_unit_test(the_hot_path_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Every plugin that is refused is refused with its file's name, the cause, and where the configuration selects it. */
#include "tests/abi/abi_test.h"

static void assert_refused(const char *module, const char *cause) {
    const char *faults = harness_faults(module, "probe", "{}");
    char file[64];
    assert_contains(faults, "dunlin.yaml:4:9: ");
    if (strcmp(module, "../probe") != 0) {
        strcat(strcat(strcpy(file, "/"), module), ".so");
        assert_contains(faults, file);
    }
    assert_contains(faults, cause);
}

static void a_missing_file_names_the_modules_there_are(void **state) {
    (void)state;
    assert_refused("nobody", "no such file; there are: allower, ");
    assert_refused("nobody", ", probe");
}

static void a_name_with_a_slash(void **state) {
    (void)state;
    assert_refused("../probe", "is no module's name");
}

static void a_file_that_is_no_library(void **state) {
    (void)state;
    assert_refused("no-library", "file too short");
}

static void no_entry_symbol(void **state) {
    (void)state;
    assert_refused("no-symbol", "does not export dunlin_plugin_v1");
}

static void a_wrong_magic_number(void **state) {
    (void)state;
    assert_refused("bad-magic", "magic number");
}

static void another_major_version(void **state) {
    (void)state;
    assert_refused("bad-major", "built for version 2.0 of the plugin ABI; this server loads version 1.x");
}

static void no_module(void **state) {
    (void)state;
    assert_refused("no-module", "names no module");
}

static void another_name_than_the_file(void **state) {
    (void)state;
    assert_refused("bad-name", "calls itself \"somebody-else\"");
}

static void a_missing_hook(void **state) {
    (void)state;
    assert_refused("no-hook", "lacks the hook create");
}

static void an_incomplete_interface(void **state) {
    (void)state;
    assert_refused("no-check", "its dunlin.auth/1 lacks check");
    assert_refused("no-guard", "its dunlin.subscribe-guard/1 lacks check");
    assert_refused("bad-route", "the route /v1/mine, which is the server's own");
    assert_refused("twice-route", "the route GET /a twice");
    assert_refused("no-role", "the route /a with the role 0, which is none");
}

static void a_required_extension_that_is_not_there(void **state) {
    (void)state;
    assert_refused("needy", "requires dunlin.telepathy/3, which this server does not have");
}

static void an_auth_that_is_none(void **state) {
    (void)state;
    assert_string_equal(harness_faults("", "allower", "{}"), "dunlin.yaml:4:9: router: module \"allower\" is no router");
    assert_string_equal(harness_faults("mute", "probe", "{}"), "dunlin.yaml:4:9: auth: module \"mute\" is no auth module");
}

static void settings_that_break_the_schema(void **state) {
    (void)state;
    assert_contains(harness_faults("", "probe", "{\"count\":\"many\"}"), "dunlin.yaml:10:12: ");
}

static void settings_that_the_module_refuses(void **state) {
    (void)state;
    const char *faults = harness_faults("", "probe", "{\"refuse\":\"with a reason\",\"list\":[1,2]}");
    assert_contains(faults, "dunlin.yaml:8:5: ");
    assert_contains(faults, "first reason\n");
    assert_contains(faults, "dunlin.yaml:9:11: ");
    assert_contains(faults, "second reason");
}

static void settings_refused_without_a_word(void **state) {
    (void)state;
    assert_string_equal(harness_faults("", "probe", "{\"refuse\":1}"),
                        "dunlin.yaml:4:9: module \"probe\" refused its settings and gave no reason (E_INVALID)");
}

static void every_fault_is_told_once(void **state) {
    (void)state;
    const char *faults = harness_faults("bad-magic,bad-name,bad-magic", "nobody", "{}");
    const char *first = strstr(faults, "bad-magic.so");
    assert_non_null(first);
    assert_null(strstr(first + 1, "bad-magic.so"));
    assert_contains(faults, "bad-name.so");
    assert_contains(faults, "nobody.so");
}

static void an_instance_that_cannot_be_created(void **state) {
    (void)state;
    assert_string_equal(harness_create_error("no-instance"),
                        "module \"no-instance\": create failed on worker 0: E_NO_MEMORY");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_file_names_the_modules_there_are),
        cmocka_unit_test(a_name_with_a_slash),
        cmocka_unit_test(a_file_that_is_no_library),
        cmocka_unit_test(no_entry_symbol),
        cmocka_unit_test(a_wrong_magic_number),
        cmocka_unit_test(another_major_version),
        cmocka_unit_test(no_module),
        cmocka_unit_test(another_name_than_the_file),
        cmocka_unit_test(a_missing_hook),
        cmocka_unit_test(an_incomplete_interface),
        cmocka_unit_test(a_required_extension_that_is_not_there),
        cmocka_unit_test(an_auth_that_is_none),
        cmocka_unit_test(settings_that_break_the_schema),
        cmocka_unit_test(settings_that_the_module_refuses),
        cmocka_unit_test(settings_refused_without_a_word),
        cmocka_unit_test(every_fault_is_told_once),
        cmocka_unit_test(an_instance_that_cannot_be_created),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

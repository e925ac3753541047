/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ABI_TEST_H
#define ABI_TEST_H

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/abi/harness.h"

#define assert_contains(text, part)                                                                  \
    do {                                                                                             \
        if (!strstr((text), (part))) fail_msg("\"%s\" does not contain \"%s\"", (text), (part));     \
    } while (0)

#define assert_lacks(text, part)                                                                     \
    do {                                                                                             \
        if (strstr((text), (part))) fail_msg("\"%s\" contains \"%s\"", (text), (part));              \
    } while (0)

#endif

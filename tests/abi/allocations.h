// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

// By operator new, on this thread, since it began.
std::size_t allocations();

// SPDX-License-Identifier: Apache-2.0
// The server as this module sees it: the words of dunlin.hpp, by their short names.
//
// What is kept raw are tickets, by their numbers: most runs of a handler end within the hook that asked, which then returns
// the verdict; and of one that waits the host's cancel names the number.
#pragma once

#include <dunlin.hpp>

namespace dunlin::lua {

using plugin::Conn;
using plugin::Host;
using plugin::str;
using plugin::view;

}  // namespace dunlin::lua

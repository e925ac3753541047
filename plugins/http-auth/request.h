// SPDX-License-Identifier: Apache-2.0
// The question that goes to the backend: the templates of the settings, filled in for one log-in.
#pragma once

#include <dunlin.hpp>

#include "plugins/http-auth/cache.h"
#include "plugins/http-auth/settings.h"

namespace dunlin::http_auth {

using Request = plugin::HttpRequest;

// Nothing: a value of this log-in cannot be sent safely (not UTF-8 in JSON, a line break in a header, a "..", which
// would lead to another page, in the URL's path).
std::optional<Request> make_request(const Settings& settings, const Values& values);

// Equal for equal questions. The method and the bounds are left out: one instance has one of each.
std::optional<Digest> digest(const Request& request);

// Does the URL's path have a segment "." or ".."? Clients resolve these before they ask.
bool has_dot_segment(std::string_view url);

// Where the path begins: after "http://host:port".
std::size_t path_begin(std::string_view url);

}  // namespace dunlin::http_auth

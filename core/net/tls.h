// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/base/result.h"
#include "core/config/config.h"

struct ssl_ctx_st;

namespace dunlin {

// An OpenSSL context, for those who must only hold one.
using TlsContext = std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)>;
TlsContext make_client_tls();

// Can this certificate and key be served? The error names the file and says what is wrong with it.
Status check_tls(const Tls& tls);

}  // namespace dunlin

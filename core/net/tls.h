// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/config/config.h"
#include "core/net/tcp_stream.h"

struct ssl_ctx_st;
struct ssl_st;

namespace dunlin {

// OpenSSL is not cleaned up when the process exits: libnats frees a part of it itself, and twice is once too often.
// REQUIRES: before anything else uses it
void leave_tls_library_to_exit();

// An OpenSSL context, for those who must only hold one.
using TlsContext = std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)>;
TlsContext make_client_tls();

// A context that serves this certificate. The error names the file and says what is wrong with it.
Result<TlsContext> make_server_tls(const Tls& tls);
// Can this certificate and key be served?
Status check_tls(const Tls& tls);

// A client's context that verifies servers by the authorities in `ca` (PEM), or by the system's; empty: `ca` is no good.
TlsContext make_verifying_tls(const std::string& ca);
// One connection's TLS, on the client's side: the certificate must be `host`'s. REQUIRES: as of accept_tls
TcpStream::Tls connect_tls(ssl_ctx_st& context, const std::string& host);

// One connection's TLS, on the server's side. REQUIRES: `context` is of make_server_tls and outlives it
TcpStream::Tls accept_tls(ssl_ctx_st& context);

// The certificate of the other end as PEM, and its common name, if it showed one and that was verified; else empty.
std::string peer_certificate(const ssl_st* tls);
std::string peer_common_name(const ssl_st* tls);

}  // namespace dunlin

// SPDX-License-Identifier: Apache-2.0
#include "core/net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>

namespace dunlin {
namespace {

Error tls_fault(const std::string& what, const std::string& file) {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return fail(Errc::bad_input, what + " " + file + " cannot be used: " + text);
}

}  // namespace

TlsContext make_client_tls() { return {SSL_CTX_new(TLS_client_method()), &SSL_CTX_free}; }

Status check_tls(const Tls& tls) {
  const TlsContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (SSL_CTX_use_certificate_chain_file(context.get(), tls.certificate.c_str()) != 1)
    return tls_fault("TLS certificate", tls.certificate);
  if (SSL_CTX_use_PrivateKey_file(context.get(), tls.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1)
    return tls_fault("TLS key", tls.key);
  if (!tls.client_ca.empty() && SSL_CTX_load_verify_locations(context.get(), tls.client_ca.c_str(), nullptr) != 1)
    return tls_fault("TLS client CA", tls.client_ca);
  return ok();
}

}  // namespace dunlin

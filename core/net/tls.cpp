// SPDX-License-Identifier: Apache-2.0
#include "core/net/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

namespace dunlin {
namespace {

// An idle connection keeps no buffers; a write that was refused is repeated from wherever its rest lies by then.
constexpr long kModes = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;

Error tls_fault(const std::string& what, const std::string& file) {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return fail(Errc::bad_input, what + " " + file + " cannot be used: " + text);
}

X509* verified(const ssl_st* tls) {
  return tls && SSL_get_verify_result(tls) == X509_V_OK ? SSL_get0_peer_certificate(tls) : nullptr;
}

}  // namespace

void leave_tls_library_to_exit() { OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr); }

TlsContext make_client_tls() { return {SSL_CTX_new(TLS_client_method()), &SSL_CTX_free}; }

TlsContext make_verifying_tls(const std::string& ca) {
  TlsContext context = make_client_tls();
  const bool usable = ca.empty() ? SSL_CTX_set_default_verify_paths(context.get()) == 1
                                 : SSL_CTX_load_verify_locations(context.get(), ca.c_str(), nullptr) == 1;
  ERR_clear_error();
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), kModes);
  return usable ? std::move(context) : TlsContext(nullptr, &SSL_CTX_free);
}

TcpStream::Tls connect_tls(ssl_ctx_st& context, const std::string& host) {
  TcpStream::Tls tls(SSL_new(&context), &SSL_free);
  if (!tls) return tls;
  SSL_set_connect_state(tls.get());
  in6_addr address{};
  const bool numeric = inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
  if (numeric) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls.get()), host.c_str());
  } else {
    SSL_set1_host(tls.get(), host.c_str());
    SSL_set_tlsext_host_name(tls.get(), host.c_str());
  }
  return tls;
}

Result<TlsContext> make_server_tls(const Tls& tls) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (SSL_CTX_use_certificate_chain_file(context.get(), tls.certificate.c_str()) != 1)
    return tls_fault("TLS certificate", tls.certificate);
  if (SSL_CTX_use_PrivateKey_file(context.get(), tls.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1)
    return tls_fault("TLS key", tls.key);
  if (!tls.client_ca.empty()) {
    if (SSL_CTX_load_verify_locations(context.get(), tls.client_ca.c_str(), nullptr) != 1)
      return tls_fault("TLS client CA", tls.client_ca);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), kModes);
  static constexpr unsigned char kSessions[] = "dunlin";
  SSL_CTX_set_session_id_context(context.get(), kSessions, sizeof(kSessions) - 1);
  return context;
}

Status check_tls(const Tls& tls) {
  const auto context = make_server_tls(tls);
  if (!context) return context.error();
  return ok();
}

TcpStream::Tls accept_tls(ssl_ctx_st& context) {
  TcpStream::Tls tls(SSL_new(&context), &SSL_free);
  if (tls) SSL_set_accept_state(tls.get());
  return tls;
}

std::string peer_common_name(const ssl_st* tls) {
  X509* certificate = verified(tls);
  char name[256] = "";
  if (certificate)
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
  return name;
}

std::string peer_certificate(const ssl_st* tls) {
  X509* certificate = verified(tls);
  if (!certificate) return {};
  const std::unique_ptr<BIO, int (*)(BIO*)> memory(BIO_new(BIO_s_mem()), &BIO_free);
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace dunlin

/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/tls.h: what a connection's TLS says of who is at its other end. Its subject alone: DUNLIN_CONN_TLS_SUBJECT. */
#ifndef DUNLIN_EXT_TLS_H
#define DUNLIN_EXT_TLS_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DUNLIN_EXT_TLS "dunlin.tls/1"
typedef struct dunlin_tls {
    /* [worker] The client's certificate as PEM ("-----BEGIN CERTIFICATE-----" …), only that of the client itself and only
     * when it was verified against the listener's `tls.client_ca`. `pem` lives until the hook returns. Kept, as what came
     * with the handshake, until the connection has logged in for the first time. DUNLIN_E_NOT_FOUND: there is none, or
     * not any more. DUNLIN_E_GONE: the connection has left. */
    dunlin_status (*certificate)(const dunlin_host *host, dunlin_conn conn, dunlin_str *pem) DUNLIN_NOTHROW;
} dunlin_tls;

#ifdef __cplusplus
}
#endif

#endif

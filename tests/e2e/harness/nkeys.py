# SPDX-License-Identifier: Apache-2.0
"""What NATS' operators hand out: keys in base32, tokens signed with them, and a user's credentials file."""
import base64
import binascii
import json

from .keys import openssl
from .tokens import base64url

OPERATOR, ACCOUNT, USER, SEED = 14 << 3, 0, 20 << 3, 18 << 3


def encoded(prefix, data):
    raw = bytes(prefix) + data
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


class NKey:
    def __init__(self, folder, name, kind):
        self.name, self._private = name, folder / f"{name}.pem"
        openssl("genpkey", "-algorithm", "ed25519", "-out", self._private)
        self.public = encoded([kind], openssl("pkey", "-in", self._private, "-pubout", "-outform", "DER")[-32:])
        self.seed = encoded([SEED | kind >> 5, (kind & 31) << 3], openssl("pkey", "-in", self._private, "-outform", "DER")[-32:])

    def token(self, subject, claims):
        """Says `claims` of another key."""
        parts = [{"typ": "JWT", "alg": "ed25519-nkey"},
                 {"jti": subject.public, "iat": 0, "iss": self.public, "sub": subject.public, "name": subject.name,
                  "nats": {"version": 2} | claims}]
        text = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        message = self._private.with_suffix(".message")
        message.write_text(text)
        return text + "." + base64url(openssl("pkeyutl", "-sign", "-inkey", self._private, "-rawin", "-in", message))


class Operator:
    """An operator with one account and one user: what a server is to be configured with, and the user's file."""

    def __init__(self, folder):
        operator, account, user = (NKey(folder, name, kind) for name, kind in
                                   (("operator", OPERATOR), ("account", ACCOUNT), ("user", USER)))
        free = {"subs": -1, "data": -1, "payload": -1}
        account_token = operator.token(account, {"type": "account", "limits": free | {"imports": -1, "exports": -1, "conn": -1}})
        self.config = folder / "operator.conf"
        self.config.write_text(f"operator: {operator.token(operator, {'type': 'operator'})}\nresolver: MEMORY\n"
                               f"resolver_preload: {{ {account.public}: {account_token} }}\n")
        self.credentials = folder / "user.creds"
        self.credentials.write_text(
            f"-----BEGIN NATS USER JWT-----\n{account.token(user, {'type': 'user'} | free)}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n")

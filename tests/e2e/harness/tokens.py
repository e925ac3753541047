# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens, made without any library of the server's."""
import base64
import hashlib
import hmac
import json
import time

SECRET = "a-secret-for-the-tests-and-nothing-else"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(claims, **header):
    """header.claims, what is signed. `claims` may be JSON text, for numbers that Python would write otherwise."""
    text = claims if isinstance(claims, str) else json.dumps(claims)
    return base64url(json.dumps({"typ": "JWT"} | header).encode()) + "." + base64url(text.encode())


def hs256(claims, secret=SECRET, **header):
    first = unsigned(claims, **({"alg": "HS256"} | header))
    return first + "." + base64url(hmac.new(secret.encode(), first.encode(), hashlib.sha256).digest())


def token(uid, ttl=3600, **claims):
    """What logs `uid` in, for `ttl` seconds from now."""
    return hs256({"sub": uid, "exp": time.time() + ttl} | claims)

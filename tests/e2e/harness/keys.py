# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates that the openssl program makes, and tokens that it signs."""
import re
import subprocess

from .tokens import base64url, unsigned
from .waiting import DEADLINE


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class Key:
    """A private key in `folder`, and its public half as PEM file and as JWK."""

    def __init__(self, folder, name):
        self.name = name
        self.private = folder / f"{name}.key"
        self.public = folder / f"{name}.pem"
        openssl("genpkey", *self.ALGORITHM, "-out", self.private)
        openssl("pkey", "-in", self.private, "-pubout", "-out", self.public)

    def token(self, claims, **header):
        first = unsigned(claims, **({"alg": self.ALG, "kid": self.name} | header))
        return first + "." + base64url(self.sign(first.encode()))

    def jwk(self):
        return {"kid": self.name, "alg": self.ALG, "use": "sig"} | self.parameters()

    def _public_der(self):
        return openssl("pkey", "-pubin", "-in", self.public, "-outform", "DER")


class RsaKey(Key):
    ALG = "RS256"
    ALGORITHM = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")

    def sign(self, data):
        return openssl("dgst", "-sha256", "-sign", self.private, data=data)

    def parameters(self):
        modulus = openssl("rsa", "-pubin", "-in", self.public, "-modulus", "-noout").decode().strip().split("=")[1]
        return {"kty": "RSA", "n": base64url(bytes.fromhex(modulus)), "e": "AQAB"}


class EcKey(Key):
    ALG = "ES256"
    ALGORITHM = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")

    def sign(self, data):
        """r and s, 32 bytes each (RFC 7518, 3.4), out of OpenSSL's DER."""
        text = openssl("asn1parse", "-inform", "DER", data=openssl("dgst", "-sha256", "-sign", self.private, data=data))
        numbers = re.findall(rb"INTEGER\s*:([0-9A-F]+)", text)
        return b"".join(int(number, 16).to_bytes(32, "big") for number in numbers)

    def parameters(self):
        point = self._public_der()[-64:]
        return {"kty": "EC", "crv": "P-256", "x": base64url(point[:32]), "y": base64url(point[32:])}


class EdKey(Key):
    ALG = "EdDSA"
    ALGORITHM = ("-algorithm", "ED25519")

    def sign(self, data):
        file = self.private.with_suffix(".tbs")
        file.write_bytes(data)
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.private, "-in", file)

    def parameters(self):
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(self._public_der()[-32:])}


class ClientAuthority:
    """An authority that vouches for clients, and a client that it vouches for."""

    def __init__(self, folder, subject="/CN=ann"):
        self.certificate, key = folder / "clients.crt", folder / "clients.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", self.certificate, "-days", "2",
                "-subj", "/CN=clients", "-addext", "basicConstraints=critical,CA:TRUE")
        self.client, self.client_key, request = folder / "ann.crt", folder / "ann.key", folder / "ann.csr"
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.client_key, "-out", request, "-subj", subject)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", key, "-set_serial", "7", "-days", "2",
                "-out", self.client)

    def der(self):
        return openssl("x509", "-in", self.client, "-outform", "DER")


def self_signed(folder):
    """A certificate for 127.0.0.1 and its key."""
    key, certificate = folder / "server.key", folder / "server.crt"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    return certificate, key

# SPDX-License-Identifier: Apache-2.0
"""jwt-auth with keys that OpenSSL makes: files and a JWKS URL, rotation, confusion, expiry."""
import json
import time

import pytest

from harness.keys import EcKey, EdKey, RsaKey
from harness.tokens import hs256, unsigned
from harness.waiting import until

TOKEN_REFUSED = {"code": 2, "msg": "Token Refused"}
TRY_LATER = {"code": 3, "msg": "Try Later"}
KINDS = [RsaKey, EcKey, EdKey]


def claims(uid=1001, ttl=600, **more):
    return {"sub": uid, "exp": int(time.time()) + ttl} | more


def jwt(algorithms, **settings):
    return {"modules": {"jwt-auth": {"algorithms": algorithms, "leeway": "0s"} | settings}}


def answer(dunlin, token):
    return dunlin.connect().request("auth", token=token)


def logs_in(dunlin, token):
    return answer(dunlin, token) == {"result": True}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.ALG)
def kind(request):
    return request.param


def tampered(token):
    header, payload, signature = token.split(".")
    return ".".join([header, unsigned(claims(uid=1)).split(".")[1], signature])


def test_a_pem_file(serve, tmp_path, kind):
    key, other = kind(tmp_path, "key"), kind(tmp_path, "other")
    dunlin = serve(**jwt([kind.ALG], keys=[{"file": str(key.public)}]))
    assert logs_in(dunlin, key.token(claims()))
    for bad in (other.token(claims()), tampered(key.token(claims())), key.token(claims(ttl=-60)), key.token(claims())[:-2]):
        assert answer(dunlin, bad) == TOKEN_REFUSED


def test_a_jwks_file_chooses_by_kid(serve, tmp_path, kind):
    first, second = kind(tmp_path, "first"), kind(tmp_path, "second")
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [first.jwk(), second.jwk()]}))
    dunlin = serve(**jwt([kind.ALG], jwks=str(file)))
    assert logs_in(dunlin, first.token(claims())) and logs_in(dunlin, second.token(claims()))
    assert answer(dunlin, first.token(claims(), kid="second")) == TOKEN_REFUSED
    assert answer(dunlin, first.token(claims(), kid="third")) == TOKEN_REFUSED


def test_none_is_no_algorithm(serve, tmp_path):
    key = RsaKey(tmp_path, "key")
    dunlin = serve(**jwt(["RS256"], keys=[{"file": str(key.public)}]))
    for none in ("none", "None", "NONE", ""):
        assert answer(dunlin, unsigned(claims(), alg=none) + ".") == TOKEN_REFUSED


def test_a_public_key_is_no_secret(serve, tmp_path):
    """HMAC with the text of a public key, which everybody knows."""
    key = RsaKey(tmp_path, "key")
    dunlin = serve(**jwt(["RS256", "HS256"], keys=[{"file": str(key.public)}], secret="another-secret-of-32-bytes-or-more"))
    assert logs_in(dunlin, key.token(claims()))
    assert logs_in(dunlin, hs256(claims(), secret="another-secret-of-32-bytes-or-more"))
    pem = key.public.read_text()
    for confused in (pem, pem.strip(), "".join(pem.split("\n")[1:-2])):
        assert answer(dunlin, hs256(claims(), secret=confused)) == TOKEN_REFUSED


def test_only_listed_algorithms(serve, tmp_path):
    rsa, ec = RsaKey(tmp_path, "rsa"), EcKey(tmp_path, "ec")
    dunlin = serve(**jwt(["ES256"], keys=[{"file": str(ec.public)}, {"file": str(rsa.public)}]))
    assert logs_in(dunlin, ec.token(claims()))
    assert answer(dunlin, rsa.token(claims())) == TOKEN_REFUSED
    assert answer(dunlin, ec.token(claims(), alg="RS256")) == TOKEN_REFUSED


def test_audience_issuer_and_claims(serve):
    dunlin = serve(modules={"jwt-auth": {"algorithms": ["HS256"], "secret": "a-secret-for-the-tests-and-nothing-else",
                                         "audience": "dunlin", "issuer": ["a", "b"], "uid_claim": "user",
                                         "context_claims": ["role"], "channels_claim": "rooms"}})
    good = {"user": 7, "exp": time.time() + 600, "aud": ["x", "dunlin"], "iss": "b", "role": "admin", "rooms": ["room:1"]}
    client = dunlin.connect().auth(hs256(good))
    assert dunlin.api.publish("room:1", "joined at log-in") == {"s": 1, "f": 0}
    assert client.recv() == "joined at log-in"
    for change in ({"aud": "other"}, {"iss": "c"}, {"user": None}, {"aud": None}, {"nbf": time.time() + 3600},
                   {"iat": time.time() + 3600}, {"exp": "soon"}):
        assert answer(dunlin, hs256(good | change)) == TOKEN_REFUSED, change


def test_a_token_without_an_end_needs_to_be_allowed(serve):
    forever = hs256({"sub": 1001})
    assert answer(serve(), forever) == TOKEN_REFUSED
    secret = {"secret": "a-secret-for-the-tests-and-nothing-else"}
    assert logs_in(serve(**jwt(["HS256"], require_exp=False, **secret)), forever)


def test_a_session_ends_with_its_token(serve):
    dunlin = serve(**jwt(["HS256"], secret="a-secret-for-the-tests-and-nothing-else"))
    renews, stays = dunlin.connect().auth(dunlin.token(1001, ttl=2)), dunlin.login(uid=1002)
    ends = dunlin.connect().auth(dunlin.token(1001, ttl=2))
    renews.auth(dunlin.token(1001, ttl=3600))
    ends.expect_close(4003)
    assert renews.is_alive() and stays.is_alive()
    assert dunlin.metric("dunlin_closes_total", reason="expired") == 1


def key_set(keys):
    return lambda request: (200, {"keys": [key.jwk() for key in keys]})


def test_a_jwks_url_and_its_rotation(serve, backend, tmp_path, kind):
    old, new = kind(tmp_path, "old"), kind(tmp_path, "new")
    published = [old]
    url = backend(key_set(published))
    dunlin = serve(**jwt([kind.ALG], jwks=url.url, jwks_refresh="1s"))
    assert logs_in(dunlin, old.token(claims()))
    assert answer(dunlin, new.token(claims())) == TOKEN_REFUSED
    published[:] = [old, new]
    until(lambda: logs_in(dunlin, new.token(claims())), "the new key is read")
    assert logs_in(dunlin, old.token(claims()))
    published[:] = [new]
    until(lambda: not logs_in(dunlin, old.token(claims())), "the old key is gone")
    assert logs_in(dunlin, new.token(claims()))


def test_the_keys_stay_while_the_url_is_down(serve, backend, tmp_path):
    key = EcKey(tmp_path, "key")
    url = backend(key_set([key]))
    dunlin = serve(**jwt(["ES256"], jwks=url.url, jwks_refresh="1s"))
    assert logs_in(dunlin, key.token(claims()))
    url.stop()
    until(lambda: dunlin.metric("dunlin_jwt_auth_jwks_readings_total", result="failed") > 0, "a reading failed")
    assert logs_in(dunlin, key.token(claims()))


@pytest.mark.parametrize("broken", [(500, {}), (200, b"no JSON"), (200, {"keys": "none"})])
def test_broken_answers_of_the_url_change_nothing(serve, backend, tmp_path, broken):
    key = EdKey(tmp_path, "key")
    answers = [key_set([key])(None)]
    url = backend(lambda request: answers[0])
    dunlin = serve(**jwt(["EdDSA"], jwks=url.url, jwks_refresh="1s"))
    assert logs_in(dunlin, key.token(claims()))
    answers[0] = broken
    until(lambda: dunlin.metric("dunlin_jwt_auth_jwks_readings_total", result="failed") > 0, "it was read")
    assert logs_in(dunlin, key.token(claims()))


def test_without_keys_nobody_can_tell(serve, backend, tmp_path):
    key = EcKey(tmp_path, "key")
    url = backend(lambda request: (500, {}))
    dunlin = serve(**jwt(["ES256"], jwks=url.url))
    assert answer(dunlin, key.token(claims())) == TRY_LATER


def test_one_reading_serves_all_workers(serve, backend, tmp_path):
    key = EcKey(tmp_path, "key")
    url = backend(key_set([key]))
    dunlin = serve(workers=4, **jwt(["ES256"], jwks=url.url))
    url.wait_requests(1)
    for _ in range(12):
        assert logs_in(dunlin, key.token(claims()))
    assert len(url.requests) == 1


def test_what_comes_while_the_keys_are_read_waits(serve, backend, tmp_path):
    key = EcKey(tmp_path, "key")
    url = backend(key_set([key]))
    url.hold()
    dunlin = serve(**jwt(["ES256"], jwks=url.url))
    client = dunlin.connect()
    client.send({"op": "auth", "token": key.token(claims())})
    url.wait_requests(1)
    assert dunlin.connect().is_alive()  # nobody else waits
    url.release()
    assert client.recv_json() == {"result": True}

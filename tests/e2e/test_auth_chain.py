# SPDX-License-Identifier: Apache-2.0
"""Several auth modules at one endpoint: who is asked, and who decides."""
import pytest

from harness.server import MESSAGE_CENTER

TOKEN_REFUSED = {"code": 2, "msg": "Token Refused"}
TRY_LATER = {"code": 3, "msg": "Try Later"}

# One script for every place in a chain: what it does with a token stands in the token, behind its own name.
MEMBER = """
function authenticate(credentials)
  local what = credentials.token:match("%s:(%%a+)")
  if what == "allow" then return %d end
  if what == "deny" then return false, "denied by the script" end
  if what == "fault" then error("broken on purpose") end
end
"""


@pytest.fixture
def chain(serve, tmp_path):
    """chain("a", {"b": settings}): the members a and b, which allow as the users 1 and 2."""
    def start(*members):
        auth = []
        for number, member in enumerate(members, 1):
            name, more = (member, {}) if isinstance(member, str) else next(iter(member.items()))
            file = tmp_path / f"{name}.lua"
            file.write_text(MEMBER % (name, number))
            auth.append({"module": "lua", "entry": str(file)} | more)
        return serve(auth=auth)

    return start


def who(dunlin, token):
    """The uid that the token gives, or the refusal."""
    client = dunlin.connect()
    answer = client.request("auth", token=token)
    if answer != {"result": True}:
        return answer
    client.subscribe("@user")
    uid, = [uid for uid in range(1, 9) if dunlin.api.publish(f"user:{uid}", "?")["s"]]
    client.close()
    dunlin.wait_metric("dunlin_sessions", 0)
    return uid


def test_the_first_that_knows_decides(chain):
    dunlin = chain("a", "b", "c")
    assert who(dunlin, "a:allow") == 1
    assert who(dunlin, "b:allow") == 2
    assert who(dunlin, "c:allow") == 3
    assert who(dunlin, "a:allow b:deny c:deny") == 1
    assert who(dunlin, "c:allow b:allow") == 2
    assert who(dunlin, "a:deny b:allow") == TOKEN_REFUSED
    assert who(dunlin, "b:deny c:allow") == TOKEN_REFUSED


def test_all_passing_is_refused(chain):
    dunlin = chain("a", "b")
    assert who(dunlin, "nobody's") == TOKEN_REFUSED
    line, = dunlin.wait_logged("log-in refused")
    assert (line["module"], line["outcome"]) == ("-", "denied")
    assert dunlin.metric("dunlin_auth_outcomes_total", outcome="pass") == 2


def test_with_no_module_nobody_logs_in(serve):
    dunlin = serve(auth=[])
    assert dunlin.connect().request("auth", token=dunlin.token()) == TOKEN_REFUSED


def test_a_fault_ends_it_as_try_later(chain):
    dunlin = chain("a", "b")
    assert who(dunlin, "a:fault b:allow") == TRY_LATER
    assert dunlin.metric("dunlin_auth_outcomes_total", outcome="fault") == 1
    assert "broken on purpose" in dunlin.log_text() and "a.lua:6" in dunlin.log_text()


def test_on_error_pass_asks_the_next(chain):
    dunlin = chain({"a": {"on_error": "pass"}}, "b")
    assert who(dunlin, "a:fault b:allow") == 2
    assert who(dunlin, "a:fault") == TOKEN_REFUSED  # then all have passed
    assert who(dunlin, "a:deny b:allow") == TOKEN_REFUSED  # a refusal is no error
    assert who(dunlin, "a:fault b:fault") == TRY_LATER


def test_a_module_that_never_answers_meets_its_deadline(serve, tmp_path):
    (tmp_path / "sleeps.lua").write_text("function authenticate(c) mix.sleep(60000) return 1 end")
    (tmp_path / "allows.lua").write_text("function authenticate(c) return 2 end")
    sleeps = {"module": "lua", "entry": str(tmp_path / "sleeps.lua"), "deadline": "300ms"}
    dunlin = serve(auth=[sleeps])
    assert who(dunlin, "x") == TRY_LATER
    assert dunlin.metric("dunlin_auth_outcomes_total", outcome="deadline") == 1
    dunlin = serve(auth=[sleeps | {"on_error": "pass"}, {"module": "lua", "entry": str(tmp_path / "allows.lua")}])
    assert who(dunlin, "x") == 2


def test_jwt_then_http(serve, backend):
    """A token that is no JWT is not jwt-auth's to decide."""
    asked = backend(lambda request: (200, {"uid": 7}))
    dunlin = serve(auth=["jwt-auth", "http-auth"], modules={"http-auth": {"url": asked.url}})
    assert who(dunlin, dunlin.token(3)) == 3
    assert asked.requests == []
    assert who(dunlin, "an opaque token") == 7
    assert who(dunlin, dunlin.token(3, ttl=-60)) == TOKEN_REFUSED
    assert len(asked.requests) == 1


def test_each_endpoint_has_its_own_chain(serve, tmp_path):
    (tmp_path / "allows.lua").write_text("function authenticate(c) return 2 end")
    second = {"path": "/second", "auth": [{"module": "lua", "entry": str(tmp_path / "allows.lua")}],
              "router": {"module": "lua", "entry": MESSAGE_CENTER}}
    dunlin = serve(endpoints=[second])
    assert dunlin.connect().request("auth", token="anything") == TOKEN_REFUSED
    assert dunlin.connect("/second").request("auth", token="anything") == {"result": True}

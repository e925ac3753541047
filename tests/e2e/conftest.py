# SPDX-License-Identifier: Apache-2.0
import warnings

import pytest

from harness.backend import Backend
from harness.cluster import Cluster
from harness.hosts import Network, missing
from harness.loop import LoopThread
from harness.nats import Nats
from harness.proxy import Proxy
from harness.server import Dunlin


@pytest.fixture(scope="session")
def client_loop():
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def serve(tmp_path, client_loop):
    """Starts servers: serve(limits={"idle": "1s"}); harness/server.py's configuration() knows the options."""
    started = []

    def start(**options):
        folder = tmp_path / f"dunlin-{len(started)}"
        folder.mkdir()
        started.append(Dunlin(folder, client_loop, **options))
        return started[-1]

    yield start
    faults = []
    for server in started:
        try:
            server.stop()
        except AssertionError as fault:
            faults.append(str(fault))
    assert not faults, "\n".join(faults)


@pytest.fixture
def dunlin(serve):
    """A server with the usual settings: two workers, jwt-auth, the shipped message centre."""
    return serve()


@pytest.fixture
def backend():
    """Starts HTTP servers: backend(lambda request: (200, {"uid": 1001}))."""
    started = []

    def start(answer):
        started.append(Backend(answer))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def nats(tmp_path):
    """Starts NATS servers: nats(), or nats(3) for a cluster of them."""
    started = []

    def start(count=1, options=(), **more):
        folder = tmp_path / f"nats-{len(started)}"
        folder.mkdir()
        started.append(Nats(folder, count, options, **more))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def cluster(serve, nats):
    """Starts nodes of one cluster that know each other: cluster(3) gives them, and the NATS servers first."""
    return lambda count=3, servers=1, nats_options=(), jetstream=False, **options: Cluster(
        serve, nats(servers, nats_options, jetstream=jetstream), count, options)


@pytest.fixture
def network():
    """Hosts: network().host(). Taken down last, so name it before what runs on them."""
    started = []

    def start():
        started.append(Network())
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def apart(network, serve, proxied, nats):
    """As cluster, each node on a host of its own and NATS on another: `nodes.ways[index]` freezes and slows the node's link.
    Where the machine has no such hosts, a proxy takes the place of each link."""
    def start(count=3, **options):
        if lacks := missing():
            warnings.warn(f"proxies take the place of links: the machine lacks {lacks}")
            return proxied(count, **options)
        hosts = network()
        server = nats(hosts=[hosts.host()])
        ways = [hosts.host() for _ in range(count)]
        nodes = Cluster(serve, server, count, options, hosts=lambda index: ways[index % count])
        nodes.ways = ways
        return nodes

    return start


@pytest.fixture
def machines(network, serve, nats):
    """As cluster, on hosts that have a node and a NATS server each; further nodes are on the same, in turns."""
    def start(count=3, **options):
        if lacks := missing():
            pytest.skip(f"the machine lacks {lacks}")
        hosts = network()
        ways = [hosts.host() for _ in range(count)]
        server = nats(count, hosts=ways)
        nodes = Cluster(serve, server, count, options, urls=lambda index: server.urls[index % count],
                        hosts=lambda index: ways[index % count])
        nodes.ways = ways
        return nodes

    return start


@pytest.fixture
def proxied(serve, nats, client_loop):
    """The same, with the way of each node to NATS through a proxy of its own: `nodes.ways[index]` cuts, freezes, delays."""
    proxies = []

    def start(count=2, **options):
        server = nats()
        proxies.extend(Proxy(client_loop, server.ports[0]) for _ in range(count))
        nodes = Cluster(serve, server, count, options, urls=lambda index: f"nats://127.0.0.1:{proxies[index].port}")
        nodes.ways = proxies
        return nodes

    yield start
    for proxy in proxies:
        proxy.close()

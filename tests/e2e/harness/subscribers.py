# SPDX-License-Identifier: Apache-2.0
"""Clients at the nodes of a cluster, and the account of what they get."""
from .waiting import until


def subscribers(nodes, uid=1):
    """One at each node, of the same user."""
    clients = [node.login(uid=uid).subscribe("@user") for node in nodes]
    nodes.wait_reaches(f"user:{uid}", len(clients))
    for client in clients:
        fresh(client)
    return clients


def fresh(client):
    """Lets go of what has come so far: an answer comes behind it."""
    client.do("ping")
    client._put_back = []


def received(client):
    """What has come, but for probes."""
    client.do("ping")
    got, client._put_back = client._put_back, []
    return [message for message in got if message != "?"]


def wait_whole(nodes, reached, uid=1):
    nodes.wait_connected()
    nodes.wait_complete()
    nodes.wait_reaches(f"user:{uid}", reached)


def accounted(nodes, published, clients, before):
    """Every message to every subscriber has come, once, or is in dunlin_cluster_lost_total. Gives what has come."""
    come = [received(client) for client in clients]
    assert all(len(set(got)) == len(got) for got in come)
    expected = published * len(clients)
    until(lambda: sum(map(len, come)) + nodes.lost() - before == expected,
          f"{sum(map(len, come))} received and {nodes.lost() - before:g} counted of {expected}")
    return come

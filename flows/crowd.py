"""Who has to go when too many connections are open: never the one that has just come.

A sender that is slow on purpose can hold many connections and send nothing. A genuine event is
here and done in milliseconds, so it is let in, and what has waited longest makes room for it.
"""

from collections import Counter
from collections.abc import Collection
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Protocol, TypeVar

CONNECTIONS = 500
"""The most that are open at a time."""
OF_ONE_ADDRESS = 100
"""The most that one address has open; all senders behind a proxy have the proxy's."""
HOUSEHOLD = 64
"""One customer of a network is given as many bits of IPv6 addresses, and may use them all."""


class Connection(Protocol):
    """What is asked of a connection.

    Attributes
    ----------
    address : str
        Whose it is, as `address_of` says it.
    since : float
        When it began to wait for the request that it waits for now.
    """

    address: str
    since: float


One = TypeVar("One", bound=Connection)


def address_of(host: str) -> str:
    """Give what stands for a sender: an IPv4 address, or a household's IPv6 addresses as one."""
    found = ip_address(host)
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found), HOUSEHOLD), strict=False))


def surplus(connections: Collection[One], newest: One) -> One | None:
    """Give the connection that makes room for one that has just come, if there is too little.

    That is the oldest of the same address if that has too many, or else, if all together are too
    many, the oldest of the address that has most.
    """
    same = [one for one in connections if one.address == newest.address]
    if len(same) > OF_ONE_ADDRESS:
        return _oldest(same)
    if len(connections) <= CONNECTIONS:
        return None
    having = Counter(one.address for one in connections)
    most = max(having.values())
    return _oldest([one for one in connections if having[one.address] == most])


def _oldest(connections: Collection[One]) -> One:
    return min(connections, key=lambda one: one.since)

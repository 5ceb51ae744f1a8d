"""From which address a request comes, whatever proxies stand between, and which addresses are one caller's."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

# Who has one address of such a network has all of them: RFC 6177 gives every site one or more.
_IPV6_SITE_BITS = 64


def find_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Return where a request from *peer* began: behind a *trusted* proxy, the nearest that X-Forwarded-For names and we do not trust."""
    named = [part.strip() for part in forwarded.split(",") if part.strip()]
    address = peer
    while named and _is_trusted(address, trusted):
        address = named.pop()
    return address


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    try:
        return any(ip_address(address) in network for network in trusted)
    except ValueError:
        return False


def name_site(address: str) -> str:
    """Return what stands for all addresses that one caller can easily take; *address* itself where it is none."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, _IPV6_SITE_BITS), strict=False))

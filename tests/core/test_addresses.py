from ipaddress import ip_network

import pytest

from syncd.core.addresses import find_address, name_site

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        # Whoever is no proxy of ours may write what it likes.
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.9 , 10.0.0.2", "198.51.100.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " , ", "10.0.0.1"),
        ("10.0.0.1", "not an address", "not an address"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("", "198.51.100.9", ""),
    ],
)
def test_behind_proxies_that_are_trusted_the_nearest_other_address_counts(
    peer: str, forwarded: str, address: str
) -> None:
    assert find_address(peer, forwarded, TRUSTED) == address


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:ffff::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1::1%eth0", "2001:db8:0:1::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_the_addresses_of_one_ipv6_network_are_one_callers(address: str, site: str) -> None:
    assert name_site(address) == site

"""Which addresses the proxy may connect to."""

import pytest

from llmx.core.network.addresses import why_refused

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:80b::200e", "192.88.98.1"]

REFUSED = {
    "private": [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "fc00::1",
        "fdff::1",
        "fec0::1",
    ],
    "loopback": ["127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::1", "::"],
    "link-local": ["169.254.1.1", "fe80::1", "fe80::1%lo", "febf::1"],
    "metadata": ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "100::1"],
}
HIDDEN = {
    "mapped": "::ffff:{}",
    "compatible": "::{}",
    "translated": "64:ff9b::{}",
    "translated by the kernel": "::ffff:0:{}",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_not_refused(address):
    assert why_refused(address) == ""


@pytest.mark.parametrize(("address", "reason"), [(each, reason) for reason, all_ in REFUSED.items() for each in all_])
def test_what_is_not_public_is_refused(address, reason):
    assert why_refused(address) == reason


@pytest.mark.parametrize("form", HIDDEN)
@pytest.mark.parametrize("inner", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "168.63.129.16"])
def test_an_address_within_an_address_is_looked_at(form, inner):
    assert why_refused(HIDDEN[form].format(inner))


@pytest.mark.parametrize(
    "address",
    [
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "2002:a9fe:a9fe::1",
        "2001:0:5ef5:79fd::f5ff:fffe",  # Teredo of 10.0.0.1
        "2a00:1450::5efe:7f00:1",  # ISATAP of 127.0.0.1
        "2a00:1450::200:5efe:a01:203",
        "64:ff9b:1::a01:203",
    ],
)
def test_so_is_one_that_a_tunnel_would_carry_on(address):
    assert why_refused(address)


def test_translated_addresses_of_public_hosts_are_not_refused():
    assert why_refused("64:ff9b::8.8.8.8") == ""

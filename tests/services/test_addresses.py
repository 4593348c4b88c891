import pytest

from labtool.core.errors import Failed
from labtool.services import http
from labtool.services.addresses import ForbiddenAddressError, Guard, is_public
from tests.servers.faults import Fault
from tests.servers.web import Web


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::7f00:1",
        "::1.1.1.1",
        "fec0::1",
        "feff:ffff::1",
    ],
)
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0", "2130706433", "0x7f.1", "[::1]"])
def test_however_loopback_is_written(host: str) -> None:
    with pytest.raises((ForbiddenAddressError, OSError)):
        Guard(()).check_host(host, 80)


def test_a_guarded_fetch(web: Web) -> None:
    url = web.put("/x.json", "{}", content_type="application/json")
    with pytest.raises(Failed, match="is a private or loopback address"):
        http.get(url, 5, guard=Guard(()))
    assert web.requests == []
    assert http.get(url, 5, guard=Guard(("127.0.0.1",))).body == b"{}"
    assert http.get(url, 5).body == b"{}"


def test_a_redirect_does_not_lead_past_the_guard(web: Web) -> None:
    """The first host may be asked, the one that it names may not."""
    target = web.put("/secret", "secret").replace("127.0.0.1", "127.0.0.2")
    url = web.put("/away", "")
    web.inject(Fault.reply("", status=302, headers={"Location": target}), times=None)
    with pytest.raises(Failed, match=r"127\.0\.0\.2 is a private or loopback address"):
        http.get(url, 5, guard=Guard(("127.0.0.1",)))


def test_a_guarded_fetch_asks_no_proxy(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", web.url)
    with pytest.raises(Failed, match="is a private or loopback address"):
        http.get("http://127.0.0.1:1/x", 5, guard=Guard(()))
    assert web.requests == []

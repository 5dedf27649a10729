"""Where webhooks may go: the guard against internal addresses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from goldline.core.errors import SettingsError
from goldline.core.outbox.address import AddressRefused, AddressRules, guard, refusal
from goldline.core.outbox.endpoint import new_secret
from goldline.core.outbox.webhook import Failed, Sender
from goldline.core.settings import Settings
from tests.doubles.sink import Sink

PUBLIC = "93.184.215.14"


def resolves_to(*addresses: str) -> object:
    """A resolver that knows one answer."""

    def resolver(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolver


REFUSED_LITERALS = [
    "http://127.0.0.1/", "http://127.0.0.1:8080/", "http://127.1/", "http://127.0.1/", "http://127.255.255.254/",
    "http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0x7f.1/",
    "http://0177.0.0.1/", "http://0177.0.0.01/", "http://127.0.0.1./", "http://127.0.0.0x1/", "http://0/",
    "http://0.0.0.0/", "http://00000000.00000000/", "http://0x0/", "http://000.000.000.000/", "http://127.0.0.1.:80/",
    "http://10.0.0.1/", "http://10.255.255.255/", "http://0xa.0.0.1/", "http://167772161/", "http://012.0.0.1/",
    "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/", "http://192.168.1/", "http://3232235521/",
    "http://100.64.0.1/", "http://100.127.255.255/", "http://100.100.100.200/", "http://169.254.169.254/",
    "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/",
    "http://169.254.1/", "http://168.63.129.16/", "http://192.0.0.192/", "http://192.0.2.1/", "http://198.18.0.1/",
    "http://198.51.100.7/", "http://203.0.113.9/", "http://192.88.99.1/", "http://224.0.0.1/", "http://239.255.255.250/",
    "http://240.0.0.1/", "http://255.255.255.255/", "http://256.256.256.256/", "http://1.2.3.4.5/", "http://999999999999/",
    "http://[::]/", "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::ffff:169.254.169.254]/", "http://[::127.0.0.1]/", "http://[::7f00:1]/", "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::1]/", "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/", "http://[2001:0:7f00:1::]/", "http://[2001:db8::1]/", "http://[2001:10::1]/",
    "http://[3fff::1]/", "http://[100::1]/", "http://[5f00::1]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/",
    "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[fec0::1]/", "http://[ff02::1]/",
    "http://[ff0e::1]/", "http://[2620:4f:8000::1]/", "http://[::1", "http://[1::2::3]/", "http://[::1]x/",
]  # fmt: skip
REFUSED_FORMS = [
    "", "/", "hook", "//example.com/", "http://", "http:///", "http:/example.com", "https://?a", "ftp://example.com/",
    "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)", "data:text/plain,x", "unix:/run/x.sock",
    "http://user@example.com/", "http://user:pass@example.com/", "http://@example.com/", "http://example.com@127.0.0.1/",
    "http://127.0.0.1#@example.com/", "http://example.com\\@127.0.0.1/", "http://example.com/#frag", "http://example.com/#",
    "http://example.com:0/", "http://example.com:65536/", "http://example.com:-1/", "http://example.com:80a/",
    "http://example.com:22/", "http://example.com:25/", "http://example.com:5432/", "http://example.com:6379/",
    "http://example.com:9200/", "http://example.com:2375/", "http://example.com:11211/", "http://exa mple.com/",
    "http://example.com/a b", "http://example.com/\r\nX: y", "http://example.com/\n", "http://example.com/\x00",
    "http://example.com/\x7f", "http://\uff11\uff12\uff17.0.0.1/", "http://\u2460\u2461\u2466.0.0.1/",
    "http://ex\u00e4mple.com/", "http://example.com/\u4e2d", "http://localhost/", "http://LOCALHOST/", "http://localhost./",
    "http://a.localhost/", "http://printer.local/", "http://metadata.google.internal/", "http://db.internal./",
    "http://router.lan/", "http://intranet/", "http://-a.example.com/", "http://a..example.com/", "http://.example.com/",
    "http://example.com%2f@127.0.0.1/", "http://127.0.0.1%00.example.com/", "http://%31%32%37.0.0.1/",
    "http://example.com,127.0.0.1/", "http://exam_ple!.com/", "http://" + "a" * 64 + ".com/",
    "http://" + "a." * 127 + "com/", "http://example.com/" + "a" * 2_000,
]  # fmt: skip


def test_there_are_at_least_a_hundred_cases() -> None:
    """The list of addresses to refuse is long enough to mean something, and has no repeats."""
    cases = REFUSED_LITERALS + REFUSED_FORMS
    assert len(cases) >= 140
    assert len(set(cases)) == len(cases)


@pytest.mark.parametrize("url", REFUSED_LITERALS + REFUSED_FORMS)
def test_refused(url: str) -> None:
    """An internal, disguised or malformed address is refused, whatever the resolver would say."""
    with pytest.raises(AddressRefused):
        guard(url, AddressRules(), resolver=resolves_to(PUBLIC))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.100.100.200", "::1", "::ffff:10.0.0.1", "fe80::1%eth0",
     "64:ff9b::7f00:1", "0.0.0.0",  # noqa: S104 - an address to refuse
      "224.0.0.1", "fd00::1", "168.63.129.16", "nonsense"],
)  # fmt: skip
def test_a_name_that_resolves_inside_is_refused(address: str) -> None:
    """A public name with an internal address is refused, also when it has a public one beside it."""
    for addresses in ([address], [PUBLIC, address], [address, PUBLIC]):
        with pytest.raises(AddressRefused):
            guard("https://hooks.example.com/", AddressRules(), resolver=resolves_to(*addresses))  # type: ignore[arg-type]


def test_a_name_without_an_address_is_refused() -> None:
    """No answer and a failing resolver are refusals with a sentence, not crashes."""

    def failing(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    for resolver in (resolves_to(), failing):
        with pytest.raises(AddressRefused, match=r"hooks\.example\.com"):
            guard("https://hooks.example.com/", AddressRules(), resolver=resolver)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://hooks.example.com/a?b=c", "hooks.example.com", 443, "/a?b=c", "hooks.example.com"),
        ("http://Hooks.Example.COM", "hooks.example.com", 80, "/", "hooks.example.com"),
        ("https://hooks.example.com./", "hooks.example.com", 443, "/", "hooks.example.com"),
        ("https://hooks.example.com:8443/", "hooks.example.com", 8443, "/", "hooks.example.com:8443"),
        ("https://xn--bcher-kva.example.com/", "xn--bcher-kva.example.com", 443, "/", "xn--bcher-kva.example.com"),
        (f"https://{PUBLIC}/", PUBLIC, 443, "/", PUBLIC),
        ("https://[2606:2800:21f:cb07::1]:8443/", "2606:2800:21f:cb07::1", 8443, "/", "[2606:2800:21f:cb07::1]:8443"),
    ],
)
def test_a_public_address_is_pinned(url: str, host: str, port: int, path: str, authority: str) -> None:
    """A public receiver is accepted, and what to connect to is fixed."""
    target = guard(url, AddressRules(), resolver=resolves_to(PUBLIC))  # type: ignore[arg-type]
    assert (target.host, target.port, target.path, target.authority) == (host, port, path, authority)
    assert refusal(ip_address(target.ip)) is None


def test_what_is_opened_explicitly_is_open_and_nothing_else() -> None:
    """An allowed network opens its addresses on every port; an allowed host opens that name only."""
    rules = AddressRules.of("127.0.0.0/8", "hooks.internal")
    assert guard("http://127.0.0.1:9/", rules).ip == "127.0.0.1"
    assert guard("http://hooks.internal:9/", rules, resolver=resolves_to("10.0.0.9")).ip == "10.0.0.9"  # type: ignore[arg-type]
    for url in ("http://10.0.0.9/", "http://db.internal/", "http://[::1]/", "http://[::ffff:127.0.0.1]/"):
        with pytest.raises(AddressRefused):
            guard(url, rules, resolver=resolves_to("10.0.0.9"))  # type: ignore[arg-type]


def test_https_can_be_demanded() -> None:
    """With `https_only` a plain address is refused."""
    with pytest.raises(AddressRefused, match="https"):
        guard("http://hooks.example.com/", AddressRules(https_only=True), resolver=resolves_to(PUBLIC))  # type: ignore[arg-type]


class Rebinding:
    """A name server that answers a public address first and an internal one ever after."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Sequence[str]:
        """The next answer; the last one for ever."""
        self.asked += 1
        return [self.answers[min(self.asked, len(self.answers)) - 1]]


def test_a_rebinding_name_reaches_nothing_inside() -> None:
    """A name that turned internal since it was registered is refused at the send, and no connection is made."""
    with Sink() as sink:
        resolver = Rebinding(PUBLIC, "127.0.0.1")
        url = f"http://hooks.example.com:{sink.port}/"
        rules = AddressRules(ports=frozenset({sink.port}))
        assert guard(url, rules, resolver=resolver).ip == PUBLIC
        outcome = Sender(rules, resolver=resolver).deliver(url, [new_secret()], "m1", b"{}", datetime.now(UTC))
        assert isinstance(outcome, Failed)
        assert "127.0.0.1" in outcome.detail
        assert sink.received == []


def test_the_send_asks_the_resolver_once_and_connects_to_that_answer() -> None:
    """There is no second look-up between check and connection: the checked address is the one connected to."""
    with Sink() as sink:
        resolver = Rebinding("127.0.0.1", "127.0.0.2")
        sender = Sender(AddressRules.of("127.0.0.1/32"), resolver=resolver)
        sender.deliver(f"http://hooks.example.com:{sink.port}/x", [new_secret()], "m1", b"{}", datetime.now(UTC))
        assert resolver.asked == 1
        assert sink.received[0].headers["host"] == f"hooks.example.com:{sink.port}"


def test_the_settings_say_what_is_open() -> None:
    """Networks, addresses and hosts that an installation allows are open, and nothing else inside."""
    rules = AddressRules.chosen(Settings(webhook_allow=("10.1.0.0/16", "hooks.internal")))
    assert guard("http://10.1.2.3:9000/", rules).ip == "10.1.2.3"
    assert guard("http://hooks.internal/", rules, resolver=lambda *_: ["10.9.9.9"]).ip == "10.9.9.9"
    with pytest.raises(AddressRefused, match=r"10\.2\.0\.1"):
        guard("http://10.2.0.1/", rules)
    assert guard("http://127.0.0.1:9/", AddressRules.chosen(Settings(webhook_allow_private=True))).ip == "127.0.0.1"


def test_what_cannot_be_allowed_is_said() -> None:
    """A mistyped entry names the setting."""
    with pytest.raises(SettingsError, match=r"10\.1\.0\.0/99") as fault:
        AddressRules.chosen(Settings(webhook_allow=("10.1.0.0/99",)))
    assert fault.value.where == "GOLDLINE_WEBHOOK_ALLOW"

"""The guard against internal addresses: where a webhook may go, asked anew at every send.

An address given by someone else must not reach our own network. The name is resolved here, every address it has
must be public, and the connection is made to the very address that was checked: there is no second look-up for a
rebinding name server to answer differently. Ranges after the IANA special-purpose address registries (2025);
the rule is OWASP ASVS 5 1.3.6 and the server-side request forgery part of Standard Webhooks 1.0.0.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from goldline.core.errors import GoldlineError, SettingsError
from goldline.core.settings import Settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[str]]

URL_MAX_LENGTH: Final = 2_000
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
PORTS: Final = frozenset({80, 443, 8080, 8443})
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z", re.IGNORECASE)
_PRIVATE: Final = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "localhost")
_CLOSED_NAMES: Final = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain")

_CLOSED_V4: Final = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; also a cloud's metadata service
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's metadata service in a public range
        "169.254.0.0/16",  # link-local; most clouds' metadata service
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Everything outside global unicast is closed; these are the parts of global unicast that are closed too. The
# ranges that carry an IPv4 address inside (mapped, NAT64, 6to4, Teredo) are closed whole: none is a real receiver.
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_CLOSED_V6: Final = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocol assignments, with Teredo and ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",  # documentation
    )
)


class AddressRefused(GoldlineError):
    """A webhook may not go there. The code is always 'address_refused'."""

    def __init__(self, why: str, *, hint: str | None = None) -> None:
        super().__init__(f"The address is refused: {why}.", code="address_refused", hint=hint)


@dataclass(frozen=True, slots=True)
class Target:
    """A checked place to connect to: `ip` is pinned, `host` goes into the Host header and the TLS handshake."""

    scheme: str
    host: str
    port: int
    path: str
    ip: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What is open besides the public internet.

    `networks` and `hosts` are for receivers in one's own network, and for tests: an address in one of the networks
    is open on every port, a host named here is open whatever it resolves to. `https_only` refuses plain http.
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = PORTS
    https_only: bool = False

    @classmethod
    def of(cls, *allowed: str, https_only: bool = False) -> AddressRules:
        """Rules from texts such as '10.1.0.0/16', '127.0.0.1' and 'hooks.example.test'."""
        networks: list[Network] = []
        hosts: set[str] = set()
        for text in allowed:
            network = _network(text)
            if network is None:
                hosts.add(_checked_host(text))
            else:
                networks.append(network)
        return cls(tuple(networks), frozenset(hosts), https_only=https_only)

    @classmethod
    def private(cls) -> AddressRules:
        """Rules which open loopback and the private networks, for trying things out on one machine."""
        return cls.of(*_PRIVATE)

    @classmethod
    def chosen(cls, settings: Settings) -> AddressRules:
        """The rules of an installation. Raises SettingsError when something allowed is neither network nor host."""
        private = _PRIVATE if settings.webhook_allow_private else ()
        try:
            return cls.of(*private, *settings.webhook_allow)
        except AddressRefused as fault:
            raise SettingsError(
                f"{', '.join(settings.webhook_allow)} cannot be allowed to receive webhooks: {fault.message}",
                code="bad_setting",
                where="GOLDLINE_WEBHOOK_ALLOW",
                hint="Name networks, addresses or host names, separated by commas.",
            ) from fault

    def opens(self, ip: Address) -> bool:
        """Whether the address lies in a network that was opened explicitly."""
        return any(ip in network for network in self.networks)


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address the system's resolver knows for the name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(each[4][0]) for each in found]


def guard(url: str, rules: AddressRules, *, resolver: Resolver = resolve) -> Target:
    """The one place this URL may be sent to now, or `AddressRefused`. Asks the resolver exactly once."""
    parts = _split(url)
    host, port = _host_and_port(parts)
    if rules.https_only and parts.scheme.lower() != "https":
        raise AddressRefused("it is not https", hint="Give an https address.")
    literal = _literal(host)
    if literal is None:
        host = _checked_host(host)
        if host not in rules.hosts:
            _refuse_closed_name(host)
    addresses = [literal] if literal is not None else _addresses(host, port, resolver)
    if host not in rules.hosts:
        for ip in addresses:
            _refuse_closed(ip, port, rules)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme.lower(), host, port, path, str(addresses[0]))


def refusal(ip: Address) -> str | None:
    """Why this address is not on the public internet; none when it is."""
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None or ip not in _GLOBAL_V6 or any(ip in network for network in _CLOSED_V6):
            return f"{ip} is not a public IPv6 address"
        return None
    if any(ip in network for network in _CLOSED_V4):
        return f"{ip} is not a public IPv4 address"
    return None


def _split(url: str) -> SplitResult:
    if len(url) > URL_MAX_LENGTH:
        raise AddressRefused(f"it is longer than {URL_MAX_LENGTH} characters")
    if not url.isascii():
        raise AddressRefused("it holds characters outside ASCII", hint="Write the host in its xn-- form.")
    if any(character <= " " or character in '\\\x7f<>"^`{|}' for character in url):
        raise AddressRefused("it holds a space, a backslash or a control character")
    try:
        parts = urlsplit(url)
    except ValueError as fault:
        raise AddressRefused(f"it cannot be read ({fault})") from fault
    if parts.scheme.lower() not in DEFAULT_PORTS:
        raise AddressRefused("it is neither https nor http")
    if parts.fragment or url.endswith("#"):
        raise AddressRefused("it has a fragment", hint="Remove what follows the #.")
    return parts


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    if "@" in parts.netloc:
        raise AddressRefused("it holds a user name or a password", hint="Requests are signed; leave them out.")
    try:
        port = parts.port
    except ValueError as fault:
        raise AddressRefused("its port is not a number from 1 to 65535") from fault
    if port == 0:
        raise AddressRefused("its port is not a number from 1 to 65535")
    host = parts.hostname
    if not host:
        raise AddressRefused("it has no host")
    return host, port or DEFAULT_PORTS[parts.scheme.lower()]


def _literal(host: str) -> Address | None:
    # A name whose last label is a number is an address to some resolvers: 2130706433, 0x7f.1, 0177.0.0.1, 127.1.
    if ":" in host:
        try:
            return IPv6Address(host)
        except ValueError as fault:
            raise AddressRefused("its IPv6 address cannot be read") from fault
    last = host.rstrip(".").rpartition(".")[2]
    if not _NUMBER.match(last):
        return None
    try:
        return IPv4Address(host)
    except ValueError as fault:
        raise AddressRefused("its IPv4 address is not four decimal numbers") from fault


def _checked_host(host: str) -> str:
    plain = host.lower().removesuffix(".")
    if not plain or len(plain) > 253 or not all(_LABEL.match(label) for label in plain.split(".")):
        raise AddressRefused("its host is not a domain name")
    return plain


def _refuse_closed_name(host: str) -> None:
    if "." not in host:
        raise AddressRefused(f"{host} is not a full domain name")
    if any(host == name or host.endswith(f".{name}") for name in _CLOSED_NAMES):
        raise AddressRefused(f"{host} is a name of an internal network")


def _addresses(host: str, port: int, resolver: Resolver) -> list[Address]:
    try:
        texts = resolver(host, port)
    except (OSError, UnicodeError) as fault:
        raise AddressRefused(f"{host} cannot be resolved ({fault})") from fault
    if not texts:
        raise AddressRefused(f"{host} has no address")
    try:
        return [ip_address(text) for text in texts]
    except ValueError as fault:
        raise AddressRefused(f"{host} resolves to something that is not an address") from fault


def _refuse_closed(ip: Address, port: int, rules: AddressRules) -> None:
    if rules.opens(ip):
        return
    why = refusal(ip)
    if why is not None:
        raise AddressRefused(why, hint="A receiver in your own network has to be allowed by GOLDLINE_WEBHOOK_ALLOW.")
    if port not in rules.ports:
        allowed = ", ".join(str(each) for each in sorted(rules.ports))
        raise AddressRefused(f"port {port} is not one of {allowed}")


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None

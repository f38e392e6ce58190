"""
Which names the server answers to, and which web pages may send it forms.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from dts_ee.serving.request_error import RequestError, send_error

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")

_IS_KNOWN = "dts_ee.host_is_known"


def is_loopback(host: str) -> bool:
    """Whether a name or an address is of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def hosts_for(host: str, allowed: Sequence[str]) -> list[str]:
    """
    The values of `Host` that are answered, without ports.

    # Parameters

    host : `str`
        The name or address that the server listens at.
    allowed : `Sequence[str]`
        Further names. Without any, a server that other machines reach answers to all names.
    """
    if is_loopback(host):
        own = f"[{host}]" if ":" in host else host
        return sorted({*LOOPBACK_HOSTS, own, *allowed})
    return [*allowed, *LOOPBACK_HOSTS] if allowed else ["*"]


class KnownHost:
    """
    ASGI middleware that refuses a `Host` that is none of the server's names (400).

    It decides as Starlette's `TrustedHostMiddleware`, whose answer is no JSON.

    # Parameters

    app : `Any`
        The ASGI application.
    hosts : `Sequence[str]`
        The names, without ports.
    """

    def __init__(self, app: Any, hosts: Sequence[str]) -> None:
        from starlette.middleware.trustedhost import TrustedHostMiddleware

        async def known(scope: Any, receive: Any, send: Any) -> None:
            scope[_IS_KNOWN] = True

        self._app = app
        self._check = TrustedHostMiddleware(known, list(hosts), www_redirect=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def ignore(message: Any) -> None:
            pass

        checked = dict(scope)
        await self._check(checked, receive, ignore)
        if _IS_KNOWN in checked:
            await self._app(scope, receive, send)
            return
        message = "the Host is none of the server's names; with --allowed-host NAME it has more"
        await send_error(RequestError(400, "unknown_host", message, close=True), send)


class SameOrigin:
    """
    ASGI middleware that refuses what a page of another site has a browser send (403).

    A browser says in `Origin` which page it is, also for a form, which it sends to any server
    without asking.

    # Parameters

    app : `Any`
        The ASGI application.
    allowed : `Sequence[str]`
        Names that a proxy has, whose pages are this server's.
    """

    def __init__(self, app: Any, allowed: Sequence[str]) -> None:
        self._app = app
        self._allowed = set(allowed)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            headers = dict(scope["headers"])
            origin = headers.get(b"origin", b"").decode("latin-1")
            if origin and not self._is_own(origin, headers.get(b"host", b"").decode("latin-1")):
                message = "a page of another site may not send this"
                await send_error(RequestError(403, "other_origin", message, close=True), send)
                return
        await self._app(scope, receive, send)

    def _is_own(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            return parts.netloc.lower() == host.lower() or parts.hostname in self._allowed
        except ValueError:
            return False

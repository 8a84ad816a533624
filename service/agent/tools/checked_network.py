"""Connections to addresses that were checked, and to no other.

A name is resolved once, every address that it has is checked, and the connection goes to one of
these addresses itself: a name that answers differently the next time (DNS rebinding) gains nothing.
TLS and the `Host` header still go by the name, because only the dialling is done here.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import Final

import httpcore

from service.agent.tools.addresses import Address, is_public
from service.agent.tools.observation import ToolError

Resolve = Callable[[str], Awaitable[list[str]]]
"""The addresses of a host."""

_DIALLED_MAX: Final = 4
"""Addresses of one host that are tried."""


async def system_resolve(host: str) -> list[str]:
    """The addresses of *host*, as the system's resolver knows them."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ToolError("transient", f"{host} has no address: {error}") from error
    return [str(address[0]) for *_, address in found]


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Dials hosts all of whose addresses are permitted."""

    def __init__(
        self,
        *,
        resolve: Resolve = system_resolve,
        permitted: Callable[[Address], bool] = is_public,
    ) -> None:
        self._resolve = resolve
        self._permitted = permitted
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to a checked address of *host*; `ToolError` (blocked) if any is not."""
        failed: Exception | None = None
        for address in (await self._checked(host))[:_DIALLED_MAX]:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise ToolError("transient", f"{host} can't be reached") from failed

    async def _checked(self, host: str) -> list[Address]:
        addresses = [ip_address(text) for text in await self._addresses(host)]
        if not all(self._permitted(address) for address in addresses):
            # Not which one: a model has no business mapping the network that we stand in.
            raise ToolError("blocked", f"{host} is not on the public internet")
        return addresses

    async def _addresses(self, host: str) -> list[str]:
        try:
            return [str(ip_address(host.strip("[]")))]
        except ValueError:
            return list(dict.fromkeys(await self._resolve(host)))

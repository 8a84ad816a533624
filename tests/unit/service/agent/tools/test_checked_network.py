import httpcore
import pytest

from service.agent.tools import ToolError
from service.agent.tools.checked_network import CheckedNetwork, Resolve, system_resolve


def names(**hosts: list[str]) -> Resolve:
    async def resolve(host: str) -> list[str]:
        return hosts[host]

    return resolve


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1", "2606:4700::1111"], ["fe80::1%1"]],
)
async def test_a_host_with_any_address_that_is_not_public_is_blocked(addresses: list[str]):
    network = CheckedNetwork(resolve=names(host=addresses))
    with pytest.raises(ToolError, match="host is not on the public internet") as raised:
        await network.connect_tcp("host", 80)
    assert raised.value.kind == "blocked"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "::ffff:127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"]
)
async def test_no_spelling_of_this_machine_gets_through(host: str):
    with pytest.raises(ToolError) as raised:
        await CheckedNetwork().connect_tcp(host, 80)
    assert raised.value.kind == "blocked"


async def test_the_address_that_was_checked_is_dialled(monkeypatch: pytest.MonkeyPatch):
    dialled: list[str] = []
    answers = [["8.8.8.8"], ["127.0.0.1"]]

    async def rebinding(host: str) -> list[str]:
        return answers.pop(0)

    async def dial(_self: object, host: str, *_rest: object) -> httpcore.AsyncNetworkStream:
        dialled.append(host)
        return httpcore.AsyncMockStream([])

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", dial)
    network = CheckedNetwork(resolve=rebinding)
    await network.connect_tcp("host", 80)
    assert dialled == ["8.8.8.8"]
    with pytest.raises(ToolError):
        await network.connect_tcp("host", 80)
    assert dialled == ["8.8.8.8"]


async def test_the_next_address_is_tried_where_one_does_not_answer(monkeypatch: pytest.MonkeyPatch):
    dialled: list[str] = []

    async def dial(_self: object, host: str, *_rest: object) -> httpcore.AsyncNetworkStream:
        dialled.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", dial)
    many = [f"8.8.8.{n}" for n in range(1, 10)]
    with pytest.raises(ToolError, match="can't be reached") as raised:
        await CheckedNetwork(resolve=names(host=many)).connect_tcp("host", 80)
    assert raised.value.kind == "transient"
    assert dialled == many[:4]


async def test_tls_goes_by_the_name_though_the_address_is_dialled(monkeypatch: pytest.MonkeyPatch):
    greeted: list[str | None] = []

    class Stream(httpcore.AsyncMockStream):
        async def start_tls(
            self, *_context: object, server_hostname: str | None = None, **_options: object
        ) -> httpcore.AsyncNetworkStream:
            greeted.append(server_hostname)
            return self

    async def dial(_self: object, host: str, *_rest: object) -> httpcore.AsyncNetworkStream:
        return Stream([b"HTTP/1.1 204 No Content\r\n\r\n"])

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", dial)
    network = CheckedNetwork(resolve=names(host=["8.8.8.8"]))
    async with httpcore.AsyncConnectionPool(network_backend=network) as pool:
        await pool.request("GET", "https://host/")
    assert greeted == ["host"]


async def test_an_unknown_host_is_said_to_have_no_address():
    with pytest.raises(ToolError, match="has no address"):
        await system_resolve("nowhere.invalid")
    with pytest.raises(ToolError, match="has no address"):
        await system_resolve("x" * 70 + ".example")

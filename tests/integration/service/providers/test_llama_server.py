"""The life of the llama.cpp server: starts when asked for, ends with us, tells why it cannot."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from schema.completions import CompletionRequest, Segment
from schema.errors import ProviderRefused, ProviderUnavailable
from schema.events import Sampling
from service.providers.llama_server import LlamaSettings, open_llama_servers
from service.providers.local import LocalProvider, weights_file

MODEL = "smollm2-135m"
SETTINGS = LlamaSettings(context_tokens=2048, threads=1, seed=1)
FEW = CompletionRequest(
    model=MODEL,
    segments=[Segment(role="user", text="The capital of France is")],
    sampling=Sampling(max_output_tokens=3),
)
PARENT = """
import asyncio, sys
from pathlib import Path
from service.providers.llama_server import LlamaSettings, open_llama_servers

async def main():
    settings = LlamaSettings(context_tokens=2048, threads=1, seed=1)
    async with open_llama_servers(settings) as servers:
        await servers.client(Path(sys.argv[1]), "m")
        print(servers.running[Path(sys.argv[1])].process.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_one_server_serves_every_session_and_ends_with_the_block():
    async with open_llama_servers(SETTINGS) as servers:
        providers = [LocalProvider(servers, MODEL) for _ in range(3)]
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(each.complete(FEW, lambda _: None)) for each in providers]
        assert len({call.result().text for call in asked}) == 1
        [server] = servers.running.values()
        assert server.process.returncode is None
    assert server.process.returncode == 0


async def test_nobody_else_on_this_machine_may_use_the_server():
    async with open_llama_servers(SETTINGS) as servers:
        ours = await servers.client(weights_file(MODEL), MODEL)
        assert ours.base_url.host == "127.0.0.1"
        async with httpx.AsyncClient(base_url=ours.base_url, trust_env=False) as stranger:
            assert (await stranger.post("completions", json={"prompt": "x"})).status_code == 401


async def test_a_server_that_was_killed_is_started_again():
    async with open_llama_servers(SETTINGS) as servers:
        provider = LocalProvider(servers, MODEL)
        before = await provider.complete(FEW, lambda _: None)
        [server] = servers.running.values()
        server.process.kill()
        await server.process.wait()
        after = await provider.complete(FEW, lambda _: None)
        assert after.text == before.text


async def test_a_server_killed_amid_an_answer_is_unavailable():
    async with open_llama_servers(SETTINGS) as servers:
        provider = LocalProvider(servers, MODEL)

        def kill(_: str) -> None:
            [server] = servers.running.values()
            if server.process.returncode is None:
                server.process.kill()

        many = CompletionRequest(model=MODEL, segments=FEW.segments)
        with pytest.raises(ProviderUnavailable):
            await provider.complete(many, kill)


async def test_weights_that_cannot_be_read_are_refused_with_the_servers_last_words(tmp_path: Path):
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"no weights")
    async with open_llama_servers(SETTINGS) as servers:
        with pytest.raises(ProviderRefused, match=r"cannot run .*broken\.gguf: (?!it wrote)"):
            await LocalProvider(servers, str(file)).complete(FEW, lambda _: None)


async def test_a_server_that_is_not_ready_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.providers.llama_server.START_TIMEOUT_S", 0.01)
    async with open_llama_servers(SETTINGS) as servers:
        with pytest.raises(ProviderUnavailable, match=r"not ready within 0\.01 s"):
            await LocalProvider(servers, MODEL).complete(FEW, lambda _: None)
        assert not servers.running


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells when another ended")
async def test_the_server_ends_when_its_parent_is_killed():
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(weights_file(MODEL))),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[4],
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    gone = os.pidfd_open(child)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await readable(gone)
    os.close(gone)


async def readable(descriptor: int) -> None:
    """Wait until *descriptor*, a process's, says that the process has ended."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    async with asyncio.timeout(20):
        await ended.wait()
    loop.remove_reader(descriptor)

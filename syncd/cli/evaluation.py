"""`syncd eval`: how well search answers questions whose answers a team knows."""

import argparse
import json
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from syncd.adapters.models.opening import open_helpers
from syncd.adapters.postgres.connections import open_pool
from syncd.cli.desk import get_tenant, open_desk
from syncd.cli.output import print_facts, print_json, print_note, print_table
from syncd.core.meaning import Helpers
from syncd.core.questions import parse_questions
from syncd.errors import BadUsage
from syncd.services.evaluating import compare, evaluate, make_report
from syncd.settings import Settings, require_setting

SHOWN_QUESTIONS = 10
PATIENCE_SECONDS = 5.0


async def eval_command(arguments: argparse.Namespace) -> int:
    """Ask a project every question of a file, and print what the answers are worth."""
    questions = parse_questions(_read(arguments.questions))
    before = _load(arguments.compare) if arguments.compare else None
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        url = require_setting(desk.settings.read_database_url, "SYNCD_READ_DATABASE_URL")
        async with open_pool(url, size=1) as pool, _open_helpers(desk.settings) as helpers:
            evaluation = await evaluate(
                pool,
                tenant.tenant_id,
                arguments.project,
                questions,
                per_document=arguments.per_document,
                help_=helpers.choose(tenant.name),
            )
    report: dict[str, Any] = make_report(evaluation)
    comparison: dict[str, Any] | None = None if before is None else compare(before, report)
    if arguments.json:
        print_json(report if comparison is None else {**report, "comparison": comparison})
        return 0
    _print_report(report)
    if comparison is not None:
        _print_comparison(comparison)
    return 0


def _open_helpers(settings: Settings) -> AbstractAsyncContextManager[Helpers]:
    """Open the models, if there are any, with time enough: what is measured is what they are worth, not whether they are in time."""
    embedder = settings.embedder and replace(settings.embedder, query_seconds=PATIENCE_SECONDS)
    reranker = settings.reranker and replace(settings.reranker, seconds=PATIENCE_SECONDS)
    return open_helpers(embedder, reranker, monotonic=time.monotonic)


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage("file_unreadable", f"{file} cannot be read.", hint="Name a file of UTF-8 text.") from error


def _load(file: str) -> Mapping[str, object]:
    try:
        loaded = json.loads(_read(file))
    except ValueError as error:
        raise BadUsage(
            "comparison_invalid", f"{file} is no evaluation.", hint="Keep the output of `syncd eval --json` in it."
        ) from error
    return loaded if isinstance(loaded, dict) else {}


def _print_report(report: dict[str, Any]) -> None:
    times = report["milliseconds"]
    print_facts(
        {
            "project": f"{report['project']} at r{report['revision']}",
            "questions": report["questions"],
            "milliseconds": f"{times['p50']} (p50), {times['p95']} (p95)",
        }
    )
    if report["unanswerable"]:
        listed = "; ".join(report["unanswerable"][:SHOWN_QUESTIONS])
        print_note(
            f"{len(report['unanswerable'])} questions are left out: their answers do not stand in the docs: {listed}"
        )
    _print_intervals("MEASURE", report["measures"])
    if report["kinds"]:
        shown = ("questions", "ndcg", "mrr", "recall_at_5", "found_at_5", "empty")
        rows = [[kind, *(values[name] for name in shown)] for kind, values in report["kinds"].items()]
        print_table(["KIND", *(name.upper() for name in shown)], rows)


def _print_comparison(comparison: dict[str, Any]) -> None:
    _print_intervals(f"CHANGE OVER {comparison['questions']} QUESTIONS", comparison["differences"])
    for name in ("worse", "better"):
        questions = comparison[name]
        more = f" and {len(questions) - SHOWN_QUESTIONS} more" if len(questions) > SHOWN_QUESTIONS else ""
        print_facts({name: f"{len(questions)}: {'; '.join(questions[:SHOWN_QUESTIONS])}{more}" if questions else "0"})


def _print_intervals(title: str, intervals: dict[str, dict[str, float]]) -> None:
    rows = [[name, one["mean"], f"{one['low']} to {one['high']}"] for name, one in intervals.items()]
    print_table([title, "MEAN", "95 %"], rows)

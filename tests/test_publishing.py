"""The workflow that publishes the book: what it may do, and that its commands are there."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8"))
JOBS = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
MAIN = "github.event_name == 'push' && github.ref == 'refs/heads/main'"


def test_every_job_reads_and_one_alone_publishes():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    allowed = {name: job["permissions"] for name, job in JOBS.items() if "permissions" in job}
    assert allowed == {"publish": {"pages": "write", "id-token": "write"}}
    assert [step["uses"].partition("@")[0] for step in JOBS["publish"]["steps"]] == ["actions/deploy-pages"]


def test_only_what_has_passed_on_main_is_published():
    assert (JOBS["publish"]["needs"], JOBS["publish"]["if"]) == ("gate", MAIN)
    gate = JOBS["gate"]["steps"]
    first = next(place for place, step in enumerate(gate) if step.get("run") == ".ci/run")
    assert {step.get("if") for step in gate[: first + 1]} == {None}
    assert {step["if"] for step in gate[first + 1 :]} == {MAIN}
    assert gate[-1]["with"] == {"path": "_build/html"}


@pytest.mark.parametrize("action", [step["uses"] for step in STEPS if "uses" in step])
def test_actions_are_the_official_ones_at_a_major_version(action):
    assert re.fullmatch(r"actions/[a-z-]+@v\d+", action)


def test_it_runs_what_is_there():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = [line for step in STEPS for line in step.get("run", "").splitlines()]
    made = [line.removeprefix("make ") for line in lines if line.startswith("make ")]
    assert made == ["book", "browse"]
    assert set(made) <= set(targets)
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111

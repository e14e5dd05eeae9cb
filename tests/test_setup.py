"""pyproject.toml, constraints.txt and environment.yml agree."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LINES = [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
REQUIREMENTS = [Requirement(line) for line in LINES if not line.startswith("igpaths[")]  # an extra may need another
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda r: r.name)
def test_every_dependency_is_pinned_within_its_bounds(requirement):
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_constraints_hold_nothing_but_exact_pins():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == len(PINS)


def test_conda_installs_the_same_packages_at_the_same_versions():
    pip = next(entry["pip"] for entry in CONDA if isinstance(entry, dict))
    extras = [name for name in EXTRAS if name not in ("bench", "browse")]  # whose targets install them
    assert pip == ["--constraint constraints.txt", f"--editable .[{','.join(extras)}]"]
    python = next(entry.partition("=")[2] for entry in CONDA if isinstance(entry, str) and entry.startswith("python="))
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python)


def test_the_library_admits_older_torch_than_the_pinned():
    bounds = {requirement.name: requirement.specifier for requirement in REQUIREMENTS}
    assert bounds["torch"].contains("2.11.0")
    assert bounds["torchvision"].contains("0.26.0")

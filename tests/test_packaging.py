"""The wheel: all files are in it, and its dependencies and extras are enough for what they are for."""

import ast
import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
import skimage.data
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

ROOT = Path(__file__).parents[1]
PACKAGES = ("igpaths", "igstudy")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OPTIONAL = {"timm", "huggingface_hub"}  # what the library imports only where it is installed
# By module, the installed packages that have it
OWNERS = {module: {canonicalize_name(name) for name in names} for module, names in packages_distributions().items()}
# Runs console scripts, one after the other, as if some modules were not installed
ALONE = """
import contextlib, io, json, sys
from importlib.metadata import entry_points

absent, commands = map(json.loads, sys.argv[1:])


class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in absent else self.finder.find_spec(name, path, target)


sys.meta_path[:] = map(Without, sys.meta_path)
found = []
for name, *arguments in commands:
    (script,) = entry_points(group="console_scripts", name=name)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = script.load()(arguments)
    found.append((status, out.getvalue(), err.getvalue()))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the project, so that the project's own folder stays as it is."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "*.part")
        shutil.copytree(ROOT / "lib" / package, copy / "lib" / package, ignore=ignored)
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=copy, capture_output=True, check=True)
    return next(copy.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder in which the wheel is installed, with none of its dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_every_file_of_the_packages_is_in_the_wheel(wheel):
    lib = wheel.parent / "lib"
    files = {
        path.relative_to(lib).as_posix() for name in PACKAGES for path in (lib / name).rglob("*") if path.is_file()
    }
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == files


def test_the_library_imports_what_it_depends_on_and_nothing_else():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "lib" / "igpaths").rglob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    imported = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"igpaths"} - OPTIONAL
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert {package for module in imported for package in OWNERS[module]} == declared


def brought(*extras):
    """The names of all packages that pip installs with the library and these extras."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    todo, done = [Requirement(line) for line in lines], {}
    while todo:
        one = todo.pop()
        name, wanted = canonicalize_name(one.name), {"", *one.extras}
        for extra in wanted - done.setdefault(name, set()):
            needs = map(Requirement, requires(name) or ())
            todo += [each for each in needs if not each.marker or each.marker.evaluate({"extra": extra})]
        done[name] |= wanted
    return set(done)


def run(installed, folder, commands, *extras):
    """The exit status, output and errors of each command where the library and these extras alone are installed."""
    there = brought(*extras) | {"igpaths"}
    absent = [module for module, packages in OWNERS.items() if not packages & there]
    arguments = [sys.executable, "-c", ALONE, json.dumps(absent), json.dumps(commands)]
    environment = {"PYTHONPATH": str(installed), "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path):
    """A folder with a photograph and the parameters of a small study."""
    Image.fromarray(skimage.data.chelsea()).save(tmp_path / "cat.png")
    study = "models: [objects/resnet]\nimages: 1\npaths: [straight]\nsteps: [2]\nmetrics: [insertion]\n"
    (tmp_path / "study.yaml").write_text(f"{study}protocols: [igpaths]\n")
    return tmp_path


def test_the_library_alone(installed, folder):
    explain = ["igpaths", "explain", "cat.png", "--steps", "2"]
    own, default, models, study = run(
        installed,
        folder,
        [[*explain, "--model", "objects/mobilenet"], explain, ["igpaths", "models"], ["igstudy", "run", "study.yaml"]],
    )
    assert (own[0], own[2]) == (0, "")
    assert own[1].endswith("\ncat-map.png\n")
    with Image.open(folder / "cat-map.png") as picture:
        assert picture.width > 1000
    message = "model is 'installed/efficientnet_lite0'; not all of it is installed: pip install 'igpaths[photographs]'"
    assert default == [1, "", f"error: {message}\n"]
    assert models[0] == 0
    assert study[:2] == [1, ""]
    assert study[2] == "error: igstudy needs pydantic, which is not installed: pip install 'igpaths[study]'\n"


def test_the_default_network_comes_with_its_extra(installed, folder):
    ((status, out, err),) = run(installed, folder, [["igpaths", "explain", "cat.png", "--steps", "2"]], "photographs")
    assert (status, err) == (0, "")
    assert "by installed/efficientnet_lite0, the default network" in out


def test_the_study_with_its_extra(installed, folder):
    commands = [["igstudy", name, "study.yaml"] for name in ("run", "table", "status", "results")]
    *done, book = run(installed, folder, [*commands, ["igstudy", "book", "--params", "study.yaml"]], "study")
    assert [status for status, _, _ in done] == [0, 0, 0, 0]
    assert book[:2] == [1, ""]
    assert book[2].endswith(", which is not installed: pip install 'igpaths[book]'\n")

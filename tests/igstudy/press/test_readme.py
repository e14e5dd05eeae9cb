"""README's picture, findings and examples are what the library draws, finds and does."""

import io
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import nn

from claiming import CLAIMS, of_side, publish
from igpaths.__main__ import parser
from igstudy.press import readme

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


EXAMPLE, OTHERS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
# The photograph is opened as it is; the lines that the second block gives stand in place of the first one's.
GREY = re.sub(r"^(image|net) = .*\n", "", EXAMPLE, flags=re.MULTILINE).replace("maps = ", f"{OTHERS}maps = ", 1)


@pytest.mark.parametrize(("example", "channels"), [(EXAMPLE, 3), (GREY, 1)], ids=["colours", "grey, a margin"])
def test_the_example_runs_and_its_comments_are_true(tmp_path, monkeypatch, example, channels):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save("dog.jpg")
    network = nn.Sequential(
        nn.Conv2d(channels, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)
    )
    names = {"network": network}
    small = example.replace("(224, 224)", "(32, 32)")
    exec(compile(small.rstrip().rpartition("\n")[0], "README.md", "exec"), names)
    areas = eval(small.rstrip().rpartition("\n")[2], names)
    assert names["image"].shape == (1, channels, 32, 32)
    assert areas.shape == (1, 2)
    assert ((areas >= 0) & (areas <= 1)).all()
    assert Path("maps.png").stat().st_size > 1000
    assert names["maps"].evaluations == 65


def test_the_example_is_short():
    assert len([line for line in EXAMPLE.splitlines() if line]) <= 12


def test_the_commands_are_ones():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = [
        line for block in re.findall(r"```console\n(.*?)```", TEXT, flags=re.DOTALL) for line in block.splitlines()
    ]
    for command in commands:
        program, *words = shlex.split(command, comments=True)
        if program == "make":
            assert words[0] in targets
            assert all((ROOT / value).exists() for value in re.findall(r"PARAMS=(\S+)", command))
        else:
            assert (program, words[:2]) == (".venv/bin/python", ["-m", "igpaths"])
            parser().parse_args(words[2:])
    assert len(commands) == 6


def test_what_was_found_is_what_the_results_say(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert readme.written(TEXT) == TEXT, "results/ has changed: make readme"


def test_it_says_what_planted_results_do(project):
    text = "before\n<!-- found: written by `make readme` -->\n\nstale <!-- end of found -->\nafter"
    assert f"-->\n{readme.NOTHING}\n<!--" in readme.written(text)
    publish(of_side(CLAIMS["a2"].original, 0.2), project)
    new = readme.written(readme.written(text))
    assert new.startswith("before\n<!-- found: written by `make readme` -->\nBoth studies' protocols were rerun on")
    assert new.endswith("<!-- end of found -->\nafter")
    assert "| Does IDGI raise IG's insertion score? | +0.23 | ●" in new
    assert "- **The sign.** " in new
    assert f"On ImageNet networks {len(CLAIMS) - 1} of {len(CLAIMS)} claims are not tested: " in new.replace("\n", " ")
    assert "[Chapter 3](book/03-idgi-vs-its-baselines.md)" in new.replace("\n  ", " ")
    assert "stale" not in new


def test_what_was_found_is_short():
    lines = readme.FOUND.search(TEXT).group().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("picture", [readme.PICTURE, readme.FOUND_PICTURE])
def test_a_picture_is_what_is_drawn(picture):
    draw = {readme.PICTURE: readme.draw, readme.FOUND_PICTURE: readme.draw_found}[picture]
    with Image.open(ROOT / picture) as committed, io.BytesIO() as file:
        draw(file)
        drawn = Image.open(file)
        assert drawn.size == committed.size, f"{picture} is out of date: delete it, then make readme"
        apart = np.asarray(drawn.convert("RGB"), float) - np.asarray(committed.convert("RGB"), float)
    assert np.abs(apart).mean() < 2  # of 255: the seconds in a title differ
    assert (ROOT / picture).stat().st_size < 900_000
    assert f"]({picture})" in TEXT


def test_the_command_writes_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("draw", "draw_found"):
        monkeypatch.setattr(readme, name, lambda file, name=name: Path(file).write_text(name))
    (tmp_path / "_toc.yml").touch()
    (tmp_path / readme.PICTURE).parent.mkdir(parents=True)
    (tmp_path / "README.md").write_text(readme.FOUND.sub(r"\1something else\n\2", TEXT))
    readme.main()
    assert f"-->\n{readme.NOTHING}\n<!--" in (tmp_path / "README.md").read_text()
    assert (tmp_path / readme.PICTURE).read_text() == "draw"
    (tmp_path / readme.FOUND_PICTURE).write_text("kept")
    readme.main()
    assert (tmp_path / readme.FOUND_PICTURE).read_text() == "kept"


def test_a_readme_without_marks_is_refused():
    with pytest.raises(ValueError, match="must have the marks"):
        readme.written("nothing")

"""The README's example runs, and its comments are true."""

import re
from pathlib import Path

import igpaths as ig

README = Path(__file__).parents[1] / "README.md"


def test_the_example_runs_and_its_comments_are_true():
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    names = {}
    exec(compile(example, "README.md", "exec"), names)
    maps = names["maps"]
    assert maps[ig.IDGI(), 64].shape == (4, 3, 176, 176)
    assert maps.scores[64].shape == (4, 65)
    assert maps.evaluations == 65

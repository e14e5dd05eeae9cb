"""The README's examples run one after the other, and their comments are true."""

import re
from pathlib import Path

import igpaths as ig

README = Path(__file__).parents[1] / "README.md"


def test_the_examples_run_and_their_comments_are_true():
    names = {}
    for example in re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL):
        exec(compile(example, "README.md", "exec"), names)
    maps = names["maps"]
    assert maps[ig.IDGI(), 64].shape == (4, 3, 176, 176)
    assert maps.scores[64].shape == (4, 65)
    assert maps.evaluations == 65
    assert names["ranking"].shape == (4, 2, 176, 176)
    assert names["area"](names["revealed"].shares, names["revealed"].probability).shape == (4, 2)

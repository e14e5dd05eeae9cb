"""The folders of a choice of parameters: two choices never share one."""

from pathlib import Path

from igstudy.engine.naming import folder_name
from igstudy.engine.parameters import Parameters

FEW = Path("params", "few.yaml")


def named(path=FEW, **changes):
    return folder_name(path, Parameters(**changes), changes)


def test_each_choice_of_parameters_has_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert named() == named(FEW.resolve()) == "few"
    assert named(seed=1, steps=[4, 8]) == "few+seed=1+steps=4,8"
    assert named(steps="[4, 8]", seed="1") == "few+seed=1+steps=4,8"
    others = [
        *[named(path) for path in (Path("few.yaml"), Path("params/few.yml"), Path("few+seed=1.yaml"))],
        *[named(data=text) for text in ("", "a/b", "a b", "ab", "ü" * 300, "ü" * 301)],
        *[named(Path("params", f"{'ü' * 100}{end}.yaml")) for end in "ab"],
        named(Path("params/few+seed=1.yaml")),
        named(seed=1),
    ]
    assert len({*others, "few"}) == len(others) + 1
    assert not [name for name in others if "/" in name or len(name.encode()) > 200]

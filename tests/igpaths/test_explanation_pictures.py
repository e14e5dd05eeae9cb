"""What an explanation says in words, what is saved of it, and a picture whose words all have room."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from igpaths.explanations import Explanation
from igpaths.methods import METHODS, RULES

WORDS = "a rather long $name of a class_ that a network of my own may well$ have"
SAVED = {
    *("model", "image", "predicted", "probability", "target", "target_index", "output", "steps", "psi", "paths"),
    *(
        "rules",
        "baselines",
        "maps",
        "completeness_gap",
        "insertion",
        "scores",
        "alphas",
        "alpha_star",
        "evaluations",
        "seconds",
    ),
}


def made(paths, rules, shape=(60, 40), name="triangle", rises=True, channels=3):
    """An explanation of noise."""
    generator = torch.Generator().manual_seed(0)
    alphas = torch.linspace(0, 1, 9, dtype=torch.float64)[None]
    scores = alphas.float() if rises else 1 - alphas.float()
    count, maps = len(paths), torch.randn(len(paths), len(rules), channels, *shape, generator=generator)
    return Explanation(
        model="objects/vgg",
        image=torch.rand(channels, *shape, generator=generator),
        predicted=name,
        probability=0.5,
        target=name,
        target_index=0,
        output="probability",
        steps=8,
        psi=0.9,
        paths=tuple(paths),
        baselines=("black",) * count,
        rules=tuple(rules),
        maps=maps,
        completeness_gap=maps.sum((2, 3, 4)),
        insertion=torch.rand(count, len(rules), generator=generator),
        scores=scores.expand(count, -1),
        alphas=alphas.expand(count, -1),
        alpha_star=torch.full((count,), 1.0 if rises else torch.nan),
        evaluations=(9,) * count,
        seconds=(1.0,) * count,
    )


def test_a_gap_beside_a_tiny_change_is_no_share_of_it():
    found = made(("straight",), ("ig", "idgi"))
    tiny = replace(found, scores=found.scores * 1e-9, completeness_gap=torch.tensor([[0.0854, 0.0854]]))
    assert [tiny.completeness(0, r) for r in range(2)] == [("completeness gap +0.0854", True)] * 2
    assert "%" not in str(tiny) + tiny.picture().axes[0].get_xlabel()
    share = replace(found, completeness_gap=torch.tensor([[-0.02, 1e-7]]))
    assert [share.completeness(0, r) for r in range(2)] == [
        ("completeness gap -2.00%", False), ("complete by construction", False),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["found.npz", "found.NPZ", "находка ½.npz"])
def test_an_npz_file_holds_every_value_by_its_name(tmp_path, name):
    found = made(("straight", "guided"), ("ig", "left"))
    found.save(tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    with np.load(tmp_path / name) as saved:
        assert set(saved) == SAVED
        assert all(np.array_equal(saved[key], np.asarray(getattr(found, key))) for key in saved)
        assert all(key in Explanation.__doc__ for key in saved)
        assert saved["maps"].shape == (2, 2, 3, 60, 40)
        assert saved["maps"].dtype == saved["completeness_gap"].dtype == saved["alpha_star"].dtype == np.float32
        assert [*saved["paths"]] == ["straight", "guided"]


@pytest.mark.parametrize("name", ["triangle", WORDS, "x" * 90])
@pytest.mark.parametrize("shape", [(60, 40), (20, 60)], ids=["portrait", "landscape"])
@pytest.mark.parametrize(
    ("paths", "rules"),
    [(["straight"], ["ig"]), (METHODS, ["ig", "idgi"]), (["blur"], RULES), (["straight", "blur"], RULES)],
    ids=["one", "eight", "rules of one path", "ten"],
)
def test_words_of_any_length_neither_overlap_nor_leave_the_picture(paths, rules, shape, name):
    figure = made(paths, rules, shape, name).picture()
    figure.draw_without_rendering()
    words = [text for ax in figure.axes for text in (ax.title, ax.xaxis.label) if text.get_text()]
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    boxes = [each.get_window_extent() for each in [*words, *legends, figure._suptitle]]
    panels = [ax.get_window_extent() for ax in figure.axes]
    assert not [1 for a, b in combinations(boxes, 2) if a.overlaps(b)]
    assert not [1 for box in boxes for panel in panels if box.overlaps(panel)]
    assert len(panels) == len(paths) * len(rules) + 2
    for panel in panels:
        assert panel.height / panel.width == pytest.approx(shape[0] / shape[1])
    assert figure.get_tightbbox().width < 2.3 * (len(panels) if min(len(paths), len(rules)) == 1 else len(paths) + 1)


def test_every_method_is_drawn_and_alpha_star_is_marked():
    figure = made(("straight", "blur"), ("ig", "idgi")).picture()
    *_, score = [ax for ax in figure.axes if ax.lines]
    assert [text.get_text() for text in score.get_legend().get_texts()] == ["straight, α* = 1.00", "blur, α* = 1.00"]
    assert [ax.get_title() for ax in figure.axes if len(ax.images) == 2] == [
        "IG", "Blur IG", "IG + IDGI", "Blur IG + IDGI",
    ]  # fmt: skip
    falls = replace(made(("straight",), ("ig",), rises=False), output="logit").picture()
    (score,) = [ax for ax in falls.axes if ax.lines]
    assert [text.get_text() for text in score.get_legend().get_texts()] == ["straight"]
    assert score.get_title() == "logit along the path"


@pytest.mark.parametrize(("name", "start"), [("a.PNG", b"\x89PNG"), ("a b.pdf", b"%PDF"), ("ä.svg", b"<?xml")])
def test_a_picture_is_written_in_the_form_that_its_name_says(tmp_path, name, start):
    made(("straight",), ("ig",)).save(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    with pytest.raises(ValueError, match=r"file is 'a.jpg'; it must be one of \*.png, \*.pdf"):
        made(("straight",), ("ig",)).save("a.jpg")

"""What the answers rest on: networks by kind, studies with their cost, digests of inputs."""

import pandas as pd
import pytest

from claiming import CLAIMS, NOTHING, of_side, planted, publish
from igstudy.evidence import grounds, results
from igstudy.evidence.claims import Quantity
from igstudy.evidence.kinds import ONES, SMALL


@pytest.fixture
def published(project):
    """The project when its study is published."""
    publish(of_side(CLAIMS["a2"].original, 0.2), project)
    return project


@pytest.mark.usefixtures("published")
def test_networks_are_counted_by_kind_and_a_few_are_named():
    first, second = grounds.scope(NOTHING).split(". ")[:2]
    assert first == (
        "Both studies' protocols were rerun on 1 small network of a task with known masks (vgg; up to 12 images each)"
    )
    assert second.startswith("None of the papers' own weights were run")


@pytest.mark.usefixtures("published")
def test_many_networks_are_counted_and_not_named(monkeypatch):
    facts = grounds.studies()["small"]
    names = [f"objects/{name}" for name in ONES[SMALL]]
    more = {"parameters": facts["parameters"] | {"models": [*names, "torchvision/mobilenet_v2:IMAGENET1K_V1"]}}
    monkeypatch.setattr(grounds, "studies", lambda: {"small": facts, "more": more})
    assert (
        f"on 1 network trained on ImageNet (mobilenet_v2; up to 12 images each) and {len(names)} small networks of"
        in grounds.scope(NOTHING)
    )
    assert "vgg" not in grounds.scope(NOTHING)


@pytest.mark.usefixtures("published")
def test_where_a_network_is_part_of_the_confirmation_its_other_studies_do_not_count(monkeypatch):
    facts = grounds.studies()["small"]
    confirming = {"parameters": facts["parameters"] | {"images": 5}}
    monkeypatch.setattr(grounds, "studies", lambda: {"small": facts, "confirm-small": confirming})
    asked = Quantity("igpaths", "IG", "insertion", "black, 21 counts", "signed", ("finest",))
    rows = [
        planted(asked, [1.0] * n, network="vgg").assign(study=study) for n, study in ((12, "small"), (4, "confirm-x"))
    ]
    rows[1]["image"] += " new"
    assert "(vgg; up to 5 images each, of which 4 count)" in grounds.scope(pd.concat(rows))


@pytest.mark.usefixtures("published")
def test_images_of_several_studies_count_once_each(monkeypatch):
    facts = grounds.studies()["small"]  # of the first 12
    others = {f"{skip}": {"parameters": facts["parameters"] | {"skip": skip, "images": 5}} for skip in (0, 10, 100)}
    monkeypatch.setattr(grounds, "studies", lambda: {"small": facts, **others})
    assert "(vgg; up to 20 images each" in grounds.scope(NOTHING)


@pytest.mark.usefixtures("published")
def test_it_is_said_how_many_images_count():
    asked = [
        Quantity("igpaths", "IG", "insertion", "black, 21 counts", "signed", ("finest",)),
        Quantity("study-b", "IG", "L2 ratio", "ψ = 0.9", "signed", ("finest",)),
    ]
    rows = [planted(quantity, [1.0] * n, network="vgg") for quantity, n in zip(asked, (12, 7), strict=True)]
    rows += [planted(asked[0], [1.0] * 99, network="mobilenet_v2")]  # which no published study has
    out = planted(asked[1], [1.0] * 5, network="vgg", left_out="misclassified").assign(image=list("abcde"))
    assert "(vgg; up to 12 images each, of which 7 to 12 count)" in grounds.scope(pd.concat([*rows, out]))
    assert "(vgg; up to 12 images each, of which 7 count)" in grounds.scope(pd.concat([rows[1], out]))


def test_that_nothing_is_confirmed_yet_is_said(published, monkeypatch):
    assert grounds.scope(NOTHING).endswith(grounds.KNOWN)
    assert grounds.precedence().endswith("the published results were known when the claims were written.")
    monkeypatch.setattr(results, "OF_THE_BOOK", ("small", "confirm-small"))
    publish(of_side(CLAIMS["a2"].original, 0.2), published, name="confirm-small")
    assert grounds.KNOWN not in grounds.scope(NOTHING)
    assert grounds.precedence() == grounds.BEFORE


@pytest.mark.usefixtures("published")
def test_studies_say_what_they_cost():
    (line,) = [line for line in grounds.on_what().splitlines() if line.startswith("| small |")]
    assert line.startswith("| small | objects | 1 | 12 after 2 | the probability | study-a | 2020-01-01 to 2020-01-02,")
    assert "1.5 hours of one process, 1,234 evaluations" in line


@pytest.mark.usefixtures("published")
def test_one_image_an_hour_and_a_gradient_are_said_in_the_singular(monkeypatch):
    facts = grounds.studies()["small"]
    few = {"parameters": facts["parameters"] | {"images": 1}, "seconds": 3600.0, "evaluations": 1}
    few |= {"inputs": facts["inputs"] | {"images": 1}}
    monkeypatch.setattr(grounds, "studies", lambda: {"small": facts | few})
    assert "(vgg; up to 1 image each)" in grounds.scope(NOTHING)
    assert "1 hour of one process, 1 evaluation" in grounds.on_what()
    assert "| small, 1 image | " in grounds.digests()


@pytest.mark.usefixtures("published")
def test_inputs_have_their_digests():
    assert "| objects/vgg | `0123456789abcdef` |" in grounds.digests()
    assert "| small, 5 images | `fedcba9876543210` |" in grounds.digests()


@pytest.mark.usefixtures("project")
def test_nothing_published_is_said():
    assert grounds.scope(NOTHING).startswith("None of the papers' own weights")
    assert grounds.on_what().startswith("No published study")
    assert grounds.digests().startswith("No published study")


@pytest.mark.usefixtures("published")
def test_it_is_said_how_many_values_a_later_version_computes_alike(monkeypatch):
    assert grounds.computed_again() == "None of their values has been computed again since."
    assert " | no |" in grounds.on_what()
    facts = {"images": 1, "others": [9, 10], "guided": [1, 2], "lost": 0, "commit": "abc", "device": "x86_64 AVX2"}
    monkeypatch.setattr(grounds, "recorded", lambda folder: facts)
    told = grounds.computed_again()
    assert told.startswith(
        "In 1 of the 1 study, at least one image of each network was computed again by a later version: 9 of"
    )
    assert told.endswith("of its values, 1 of 2 did.")
    assert "9 of 10 values the same, 1 of 2 of guided paths (1 image, x86_64 AVX2, at abc)" in grounds.on_what()

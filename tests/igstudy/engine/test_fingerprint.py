"""Digests of code: what changes them, and what does not."""

import ast
import importlib.util
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from igpaths.attributions import attribute
from igpaths.metrics import insertion
from igpaths.rules import IDGI, IG
from igstudy.engine import syntax
from igstudy.engine.parameters import Parameters
from igstudy.engine.units import part_facts, parts, source_facts
from igstudy.measures import MEASURES
from igstudy.measures.protocols import PROTOCOLS
from igstudy.measures.sources import APART, PATHS, controls, on_path


@pytest.fixture
def edited(monkeypatch):
    """Read a module of the library as if some of its text were another, and all others as they are."""

    def edit(module, old, new):
        monkeypatch.undo()  # the edit before
        source = syntax._source
        text = Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")
        assert old in text
        monkeypatch.setattr(
            syntax,
            "_source",
            lambda name: ast.parse(text.replace(old, new, 1)) if name == module else source(name),
        )
        forget()

    yield edit
    monkeypatch.undo()
    forget()


def forget():
    for cached in (syntax._module, syntax._code, syntax._defined):
        cached.cache_clear()


def digests():
    """The digest of every part of a study, by its name."""
    everything = study_of_all()
    return {part.name: syntax.digest(part_facts(part)) for part in parts(everything)}


def study_of_all():
    return Parameters(
        models=("objects/vgg",), paths=tuple(PATHS), metrics=tuple(MEASURES), protocols=tuple(PROTOCOLS), maps=1
    )


@cache
def unedited():
    return digests()


def touched(edit, *change):
    before = unedited()
    edit(*change)
    after = digests()
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


class TestCode:
    def test_a_docstring_a_comment_and_an_annotation_touch_nothing(self, edited):
        rules = "igpaths.rules"
        assert not touched(
            edited, rules, '"""The segment\'s signed credit (B, C, H, W), in units', '"""Signed credit, in'
        )
        assert not touched(edited, rules, "# Small gradients, squared, would underflow", "# They would underflow")
        annotated = "def credit(self, segment: Segment) -> Tensor:"
        assert not touched(edited, rules, annotated, "def credit(self, segment):")

    def test_a_rule_touches_whatever_reads_it_and_no_control(self, edited):
        changed = touched(edited, "igpaths.rules", "direction.square_()", "direction.square_().mul_(2)")
        assert {name for name in unedited() if not name.startswith("controls.")} == changed

    def test_the_rule_of_the_rivals_touches_them(self, edited):
        step = "return segment.gradient(self.at) * segment.step(self.at)"
        assert "controls.rivals.igpaths" in touched(edited, "igpaths.rules", step, f"{step} * 2")

    def test_the_left_part_touches_split_ig_alone(self, edited):
        changed = touched(edited, "igpaths.rules", 'crossing: str = "left"', 'crossing: str = "right"')
        assert changed == {name for name in unedited() if name.startswith("split-")}

    def test_a_path_touches_its_own_walks(self, edited):
        changed = touched(edited, "igpaths.paths.lines", "wider - point.x", "point.x - wider")
        assert changed == {name for name in unedited() if name.startswith("blur")}

    def test_how_study_a_counts_points_touches_its_straight_walk(self, edited):
        changed = touched(edited, "igstudy.measures.study_a", "/ (self.points - 1)", "/ self.points")
        assert changed == {name for name in unedited() if name.startswith("straight-study-a")}
        assert all(name.endswith(".study-a") for name in changed)
        assert changed

    @pytest.mark.parametrize(
        ("module", "old", "new", "parts"),
        [
            ("quadrature", "weights / 2", "weights", {"straight-placed.quadrature.igpaths"}),
            ("weighting", "square > 0", "square > 1", {f"straight{of}.weights.igpaths" for of in ("", "-grey")}),
        ],
    )
    def test_a_sum_that_one_measure_alone_reads_touches_that_measure(self, edited, module, old, new, parts):
        assert touched(edited, f"igstudy.measures.quantities.{module}", old, new) == parts

    def test_placed_points_touch_the_sums_that_are_measured_beside_them(self, edited):
        changed = touched(edited, "igpaths.paths.lines", "abs().to(alphas) * lengths).sqrt()", "abs().to(alphas))")
        assert "straight-placed.quadrature.igpaths" in changed
        assert changed == {name for name in unedited() if "-placed." in name}

    def test_a_metric_touches_itself(self, edited):
        changed = touched(edited, "igpaths.metrics.stability", "largest / norm", "largest / norm / 2")
        assert {name.split(".")[1] for name in changed} == {"sensitivity"}
        assert changed == {name for name in unedited() if ".sensitivity." in name}

    def test_what_several_metrics_share_touches_all_of_them(self, edited):
        changed = touched(edited, "igpaths.metrics.ranking", "descending=True, stable=True", "stable=True")
        own = {"insertion", "parts", "canvases", "information", "entropy", "webp", "perturbation", "temperature"}
        own |= {"cost", "quadrature", "metric-sanity", "peers", "rivals", "deletion", "fillings", "insertion-3px"}
        own |= {f"smooth-{name}" for name in ("insertion", "signed-insertion", "deletion", "information")}
        assert {name.split(".")[1] for name in changed} == own

    @pytest.mark.parametrize(
        ("old", "new", "measures"),
        [
            ("quality=quality)", "quality=quality - 1)", {"compression", "qualities"}),
            (
                *("GaussianBlur(radius)", "GaussianBlur(radius / 2)"),
                {"information", "entropy", "webp", "metric-sanity", "smooth-information"},
            ),
        ],
    )
    def test_what_alters_photographs_touches_the_measures_that_look_at_them(self, edited, old, new, measures):
        changed = touched(edited, "igpaths.metrics.canvases", old, new)
        assert {name.split(".")[1] for name in changed} == measures

    def test_how_images_are_read_and_how_the_network_is_asked_touch_everything(self, edited):
        assert touched(
            edited, "igpaths.models.photographs", 'image.convert("RGB")', 'image.convert("L").convert("RGB")'
        ) == {*unedited()}
        assert touched(edited, "igpaths.classifier", "(pixels - mean).div_(std)", "pixels - mean") == {*unedited()}

    def test_the_walk_touches_no_control(self, edited):
        changed = touched(edited, "igpaths.attributions", "self.maps[rule] += credit", "self.maps[rule] += 1 * credit")
        walked = {"controls.rivals.igpaths"}  # which walk paths of their own
        assert changed == {name for name in unedited() if not name.startswith("controls.")} | walked

    def test_a_protocol_that_is_added_touches_no_other(self):
        both = {part.name: syntax.digest(part_facts(part)) for part in parts(study_of_all())}
        ours = parts(replace(study_of_all(), protocols=("igpaths",)))
        assert {part.name: syntax.digest(part_facts(part)) for part in ours}.items() <= both.items()

    def test_a_version_that_its_author_raises_touches_itself(self):
        part = parts(study_of_all())[0]
        raised = replace(part, measure=replace(part.measure, version=part.measure.version + 1))
        assert part_facts(part) != part_facts(raised)

    def test_names_are_followed_into_other_modules(self, edited):
        before = syntax.code(insertion)
        edited("igpaths.gaussian", "def blur(", "def blur(other=0, /, *given):\n    pass\n\n\ndef blur_as_it_was(")
        assert syntax.code(insertion) != before  # the blurred canvas is a blur of gaussian.py

    def test_classes_that_are_only_named_can_be_left_apart(self, edited):
        before = syntax.code(attribute, IG, apart=APART), syntax.code(attribute, IDGI, apart=APART)
        edited("igpaths.rules", "direction.square_()", "direction.abs()")
        after = syntax.code(attribute, IG, apart=APART), syntax.code(attribute, IDGI, apart=APART)
        assert after[0] == before[0]
        assert after[1] != before[1]

    def test_sources_differ_by_path_steps_output_and_nothing_else(self):
        facts = [
            on_path("straight", output="logit", steps=(4,)),
            on_path("straight-grey", output="logit", steps=(4,)),
            on_path("straight", output="probability", steps=(4,)),
            on_path("straight", output="logit", steps=(2, 4)),
            controls(output="logit"),
        ]
        assert len({syntax.digest(source_facts(source)) for source in facts}) == len(facts)
        assert source_facts(controls(output="logit")) == source_facts(controls(output="probability"))

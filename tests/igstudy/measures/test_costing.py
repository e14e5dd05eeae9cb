"""What a map costs: the counts at which it settles, and the sums of IG with as many gradients, on known functions."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import igpaths as ig
from igpaths import metrics
from igstudy.measures import MEASURES, costing
from igstudy.measures.protocols import IGPATHS
from igstudy.measures.sample import Sample
from igstudy.measures.sources import PATHS, on_path
from problems import Counted, Exponential, Function, Linear, SeparableQuadratic, classifier, images, small_network

COUNTS = (2, 4, 8, 16)
NONE = torch.zeros(2, dtype=torch.int64)


class Cubic(Function):
    """f = Σ w_i x_i³."""

    def f(self, x):
        return x**3 @ self.w


def sample(path, module, *, targets=NONE, shape=(3, 4, 5), output="logit", **changes):
    """Two images on a path from black; its measures walk it themselves."""
    x = images(2, shape=shape)
    facts = {"walked": None, "net": classifier(module, output), "label": "", "images": x, "predictions": targets}
    facts |= {"names": ("a", "b"), "photographs": ("a", "b"), "materials": ("", ""), "masks": None}
    facts |= {"altered": lambda alter: x, "references": lambda count: x.expand(count, *x.shape), "start": 0}
    source = on_path(path, output=output, steps=(2,))
    facts |= {"kept": 0, "seed": 0, "backgrounds": 25, "batch_size": 16}
    return Sample(**(facts | {"source": source, "targets": targets} | changes))


def network(path):
    """Two images of a network whose scores are curved along the path."""
    return sample(path, small_network(), targets=torch.tensor([0, 3]), shape=(3, 12, 10), output="probability")


def rising(function):
    with torch.no_grad():
        function.w.abs_()
    return function


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(costing, "COUNTS", COUNTS)
    monkeypatch.setattr(costing, "OF_ITS_OWN", COUNTS[:2])


def values(frames, metric, method, *, sign=None):
    """The values (B, K) of a metric of one method, by step count."""
    found = pd.concat(frames).query("metric == @metric and method == @method and left_out == ''")
    assert sign is None or set(found["sign"]) == {sign}
    return found.pivot_table(index="image", columns="steps", values="value").to_numpy()


class TestCost:
    @pytest.mark.parametrize("path", ["straight", "blur", "blur-placed", "straight-placed", "straight-grey", "guided"])
    def test_maps_and_their_insertion_are_those_of_a_walk_of_these_steps(self, path):
        own, counts = network(path), COUNTS[:2] if path == "guided" else COUNTS
        found = costing.cost(own, IGPATHS)
        rules = {name: rule for name, rule in own.source.ranked.items() if name != "gradient"}
        maps = ig.attribute(*own.question, path=PATHS[path], rules=rules.values(), steps=counts)
        assert set(pd.concat(found)["method"]) == {*rules}
        for name, rule in rules.items():
            most, sign = maps[rule, counts[-1]], "none" if name == "Σ g²" else None
            changes = [(maps[rule, n] - most).flatten(1).norm(dim=1) / most.flatten(1).norm(dim=1) for n in counts]
            expected = torch.stack(changes, dim=1)
            np.testing.assert_allclose(values(found, "map change", name, sign=sign or "signed"), expected, atol=1e-12)
            stack = torch.stack([metrics.absolute_map(maps[rule, n]) for n in counts], dim=1)
            r = metrics.insertion(*own.question, stack)
            np.testing.assert_allclose(
                values(found, "insertion", name, sign=sign or "absolute"), metrics.area(r.shares, r.probability)
            )

    def test_a_row_names_the_most_steps_and_is_no_row_of_the_studys_insertion(self):
        found = pd.concat(costing.cost(network("straight"), IGPATHS))
        assert dict(found.groupby("metric")["variant"].first()) == {
            "map change": "to 16",
            "insertion": "black, 21 counts, to 16",
            "steps to 5 %": "to 16",
            "steps to 95 %": "black, 21 counts, to 16",
        }
        assert found.groupby("metric")["variant"].nunique().eq(1).all()
        assert set(found[found["metric"].str.startswith("steps")]["steps"]) == {16}

    def test_of_a_linear_function_the_fewest_steps_are_enough(self):
        found = costing.cost(sample("straight", rising(Linear())), IGPATHS)
        for method in ("IG", "IG + IDGI", "Σ g²"):
            assert float(values(found, "map change", method).max()) < 1e-12
            for metric in ("steps to 5 %", "steps to 95 %"):
                assert (values(found, metric, method) == COUNTS[0]).all()

    def test_the_trapezoid_of_a_cubic_settles_with_the_square_of_the_steps(self):
        # Its error is 1 / (2 n²) of the map, so that the change to the map of 16 steps is (1/n² − 1/16²) / (2 + 1/16²)
        found = costing.cost(sample("straight", rising(Cubic())), IGPATHS)
        changes = [(n**-2 - 16**-2) / (2 + 16**-2) for n in COUNTS]
        np.testing.assert_allclose(values(found, "map change", "IG"), [changes] * 2, atol=1e-12)
        assert [change <= 0.05 for change in changes] == [False, True, True, True]
        assert (values(found, "steps to 5 %", "IG") == 4).all()

    def test_a_map_of_zeros_is_undefined_and_one_that_is_not_finite_does_not_stop_the_others(self):
        own = network("straight")
        own.images[0] = 0  # the baseline itself
        found = pd.concat(costing.cost(replace(own, predictions=own.targets), IGPATHS))
        ig_alone = found.query("method == 'IG' and metric in ('map change', 'steps to 5 %')")
        assert set(ig_alone[ig_alone["image"] == "a"]["left_out"]) == {"undefined"}
        assert set(ig_alone[ig_alone["image"] == "b"]["left_out"]) == {""}
        own.images[0] = torch.nan
        with pytest.warns(ig.arguments.NotFinite):
            broken = pd.concat(costing.cost(own, IGPATHS))
        pd.testing.assert_frame_equal(broken[broken["image"] == "b"], found[found["image"] == "b"])

    def test_what_is_misclassified_is_left_out(self):
        own = network("straight")
        found = pd.concat(costing.cost(replace(own, predictions=torch.tensor([0, 0])), IGPATHS))
        assert set(found[found["image"] == "b"]["left_out"]) == {"misclassified"}
        assert "misclassified" not in set(found[found["image"] == "a"]["left_out"])

    def test_one_walk_serves_all_counts_and_insertion_is_of_each(self):
        own = replace(network("straight"), net=classifier(Counted(small_network()), "probability"))
        costing.cost(own, IGPATHS)
        methods, between = 3, len(IGPATHS.insertion.shares) - 2
        assert own.net.module.count == 2 * (COUNTS[-1] + 1 + methods * (len(COUNTS) * between + 2))


@given(
    holds=st.lists(st.booleans(), min_size=1, max_size=9), counts=st.lists(st.integers(1, 99), min_size=9, max_size=9)
)
def test_a_count_settles_where_all_from_there_on_hold(holds, counts):
    counts = sorted(counts)[: len(holds)]
    at = [count for i, count in enumerate(counts) if all(holds[i:])]
    found = costing.settled(counts, torch.tensor([holds]))
    assert found.shape == (1,)
    np.testing.assert_equal(float(found), at[0] if at else np.nan)


@pytest.mark.parametrize("name", PATHS)
def test_evaluations_are_those_that_a_walk_takes(name):
    net, x, steps = classifier(Counted(small_network())), images(2, shape=(3, 12, 10)), 6
    maps = ig.attribute(net, x, 0, path=PATHS[name], rules=ig.IG(), steps=steps)
    assert maps.evaluations == steps + 1
    assert net.module.count == 2 * (steps + 1 + (16 if "placed" in name else 0))  # a pilot's passes among them


class TestIntegrate:
    def test_of_a_cubic_each_sum_has_the_gap_of_the_gradients_that_it_needs(self):
        found = costing.integrate(sample("straight-placed", rising(Cubic())), IGPATHS)
        n = np.array(costing.GRADIENTS)
        trapezoid = 1 / (2 * (n - 1) ** 2)
        gaps = {name: values(found, "relative gap", f"IG, {name}", sign="signed")
                for name in ("trapezoid", "left sum", "Gauss–Legendre", "placed")}  # fmt: skip
        np.testing.assert_allclose(gaps["trapezoid"][:, :-1], [trapezoid] * 2, rtol=1e-8)
        np.testing.assert_allclose(gaps["trapezoid"][:, -1], 1 / (2 * costing.REFERENCE**2), rtol=1e-5)
        np.testing.assert_allclose(gaps["left sum"], [1 - (n - 1) * (2 * n - 1) / (2 * n**2)] * 2, rtol=1e-8)
        np.testing.assert_allclose(gaps["Gauss–Legendre"], 0, atol=1e-13)
        assert ((gaps["placed"] > 0) & (gaps["placed"] < gaps["left sum"])).all()
        changes = values(found, "map change", "IG, trapezoid")
        np.testing.assert_allclose(changes[:, :-1], [trapezoid] * 2, rtol=1e-2)
        assert (changes[:, -1] == 0).all()

    def test_of_a_quadratic_the_left_sum_alone_has_a_gap(self):
        found = costing.integrate(sample("straight-placed", rising(SeparableQuadratic())), IGPATHS)
        expected = {"trapezoid": 0, "placed": 0, "Gauss–Legendre": 0, "left sum": 1 / np.array(costing.GRADIENTS)}
        for name, gap in expected.items():
            found_gap = values(found, "relative gap", f"IG, {name}")[:, : len(costing.GRADIENTS)]
            np.testing.assert_allclose(found_gap, np.broadcast_to(gap, found_gap.shape), atol=1e-12)

    def test_no_sum_needs_more_gradients_than_its_row_says(self):
        spent = []

        class Noted(ig.Classifier):
            def gradients(self, images, targets):
                spent.append(len(images))
                return super().gradients(images, targets)

        net = Noted(rising(Exponential()), mean=(0, 0, 0), std=(1, 1, 1), output="logit")
        costing.integrate(sample("straight-placed", rising(Exponential()), net=net), IGPATHS)
        walks = costing.REFERENCE + 1 + sum(n + n + (n + 2) for n in costing.GRADIENTS)
        assert sum(spent) == 2 * walks

    def test_insertion_is_of_the_map_by_magnitude_and_has_a_variant_of_its_own(self):
        own = network("straight-placed")
        found = costing.integrate(own, IGPATHS)
        rule = ig.IG("both")
        maps = ig.attribute(*own.question, path=PATHS["straight-placed"], rules=rule, steps=7)
        r = metrics.insertion(*own.question, metrics.absolute_map(maps[rule]))
        expected = metrics.area(r.shares, r.probability)[:, 0]
        np.testing.assert_allclose(values(found, "insertion", "IG, placed", sign="absolute")[:, 0], expected)
        variants = {frame["metric"][0]: set(frame["variant"]) for frame in found}
        assert variants == {
            "map change": {"equal gradients, to 1024"},
            "relative gap": {"equal gradients"},
            "insertion": {"black, 21 counts, equal gradients"},
        }

    def test_a_score_that_does_not_change_has_no_relative_gap(self):
        own = network("straight-placed")
        own.images[0] = 0
        gaps = pd.concat(costing.integrate(own, IGPATHS)).query("metric == 'relative gap'")
        assert set(gaps[gaps["image"] == "a"]["left_out"]) <= {"undefined", "misclassified"}

    def test_it_is_asked_of_the_source_that_knows_both_paths(self):
        measure = MEASURES["quadrature"]
        names = [name for name in PATHS if measure.of(on_path(name, output="logit", steps=(2,)), IGPATHS)]
        assert names == ["straight-placed"]

"""The walks of study-a against Study A's loops written out: all points first, then every second, fourth … of them."""

import itertools

import numpy as np
import pytest
import torch
from scipy import ndimage

import igpaths as ig
from igstudy.measures.protocols import IGPATHS, PAIR, STUDY_A, STUDY_B
from igstudy.measures.sources import LABELS, OF_STUDY_A, controls, explain, of_study_a, on_path
from igstudy.measures.study_a import Strided
from problems import Counted, images, small_network

POINTS = 128
STEPS = (8, 16, 32, 64, 128)
TARGETS = torch.tensor([0, 3])
STD = (0.1, 0.3, 1.0)  # so unlike each other that units matter
IMAGES = images(2, shape=(3, 12, 10))


def network():
    return ig.Classifier(Counted(small_network()), mean=(0.4, 0.5, 0.6), std=STD, output="probability")


def asked(net, i, x):
    """The score of image i's target at x (3, H, W), and its gradient."""
    score, gradient = net.gradients(torch.from_numpy(x)[None], TARGETS[i : i + 1])
    return float(score), gradient[0].numpy()


def idgi(gradients, changes):
    return sum(g**2 * change / (g**2).sum() for g, change in zip(gradients, changes, strict=True))


def straight(net, i, x, n):
    sequence = [alpha * x for alpha in np.linspace(0, 1, POINTS)][:: POINTS // n]
    scores, gradients = zip(*(asked(net, i, point) for point in sequence), strict=True)
    steps = [after - before for before, after in itertools.pairwise(sequence)]
    whole = sum(g * step for g, step in zip(gradients[1:], steps, strict=True))
    return whole, idgi(gradients[:-1], np.diff(scores))


def blurred(x, sigma):
    return ndimage.gaussian_filter(x, [0, sigma, sigma], mode="reflect", truncate=8)


def blur(net, i, x, n):
    """From the sharp end on, so every change of score, of σ and of the image has its sign turned."""
    sigmas = [50 * k / POINTS for k in range(POINTS)][:: POINTS // n]
    sequence = [blurred(x, sigma) for sigma in sigmas]
    scores, gradients = zip(*(asked(net, i, point) for point in sequence), strict=True)
    tangents = [(blurred(x, sigma + 0.01) - point) / 0.01 for sigma, point in zip(sigmas, sequence, strict=True)]
    whole = -sum(g * tangent * 50 / n for g, tangent in zip(gradients, tangents, strict=True))
    return whole, -idgi(gradients[:-1], np.diff(scores))


def guided(net, i, x, n):
    here, sequence, found = np.zeros_like(x), [], []
    for t in range(1, n + 1):
        sequence.append(here)
        found.append(asked(net, i, here))
        waiting = np.abs(found[-1][1] * np.array(STD).reshape(3, 1, 1))
        here = here.copy()
        while (excess := (x - here).sum() - x.sum() * (1 - t / n)) > 1e-9:
            waiting[here == x] = np.inf
            threshold = np.sort(waiting, axis=None)[int(0.5 * (x.size - 1))]
            chosen = (waiting <= threshold) & (waiting < np.inf)
            share = excess / (x - here)[chosen].sum()
            here[chosen] = x[chosen] if share > 1 else (here + share * (x - here))[chosen]
    scores, gradients = zip(*found, strict=True)
    steps = [after - before for before, after in itertools.pairwise([*sequence, here])]
    whole = sum(g * step for g, step in zip(gradients, steps, strict=True))
    return whole, idgi(gradients[:-1], np.diff(scores))


LOOPS = {"straight": straight, "blur": blur, "guided": guided}


def walked(name, steps=STEPS):
    net = network()
    source = of_study_a(name, steps=steps)
    return net, source, explain(source, net, IMAGES, TARGETS, batch_size=16)


@pytest.mark.parametrize("name", LOOPS)
def test_maps_are_those_of_the_loops(name):
    net, source, found = walked(name)
    ours = list(source.ranked.values())
    for n in STEPS if name != "guided" else (8, 32):
        for i, x in enumerate(IMAGES.numpy()):
            for rule, theirs in zip(ours, LOOPS[name](net, i, x, n), strict=True):
                torch.testing.assert_close(found[rule, n][i], torch.from_numpy(theirs), rtol=0, atol=1e-10)


@pytest.mark.parametrize(("n", "reached"), [(8, 0.882), (16, 0.945), (32, 0.976), (64, 0.992), (128, 1.0)])
def test_coarse_straight_walks_stop_where_study_a_stops(n, reached):
    _, _, found = walked("straight")
    assert found.alphas[n].shape == found.scores[n].shape == (2, n)
    assert float(found.alphas[n][0, -1]) == pytest.approx(reached, abs=5e-4)


def test_the_points_are_those_of_the_protocol():
    given = {"straight": STUDY_A.straight, "blur": STUDY_A.blur, "guided": STUDY_A.guided[0]}
    own = {"straight": slice(None), "blur": slice(1, None), "guided": slice(-1)}  # which the protocol's points are
    for name, walk in given.items():
        _, _, found = walked(name)
        for n in STEPS:
            torch.testing.assert_close(found.alphas[n][0, own[name]].tolist(), list(walk.alphas(n)))


def test_paths_and_rules_are_those_of_the_protocol():
    assert OF_STUDY_A.keys() == {"straight", "blur", "guided"}
    for name, (path, whole, idgi) in OF_STUDY_A.items():
        walk = STUDY_A.guided[0] if name == "guided" else getattr(STUDY_A, name)
        assert (whole.at, getattr(idgi, "rule", idgi).at) == (walk.ig, walk.idgi)
        for option, value in walk.options:
            assert getattr(path, option, value) == value
    assert OF_STUDY_A["straight"][0] == Strided(ig.Straight(*STUDY_A.straight.start), STUDY_A.straight.points)
    assert OF_STUDY_A["blur"][0].max_sigma == STUDY_A.blur.start[0]
    assert OF_STUDY_A["guided"][0].baseline == STUDY_A.guided[0].start[0]


@pytest.mark.parametrize(
    ("name", "steps", "evaluations"),
    [
        ("straight", STEPS, POINTS),
        ("straight", (8, 32), 32 + 1),  # and x, where the walk does not go
        ("blur", STEPS, POINTS + 1),  # and the fully blurred image
        ("guided", (8, 32), 2 + 7 + 31),
    ],
)
def test_one_evaluation_a_point_serves_both_rules_and_every_count(name, steps, evaluations):
    net, _, found = walked(name, steps)
    assert found.evaluations == evaluations
    assert net.module.count == len(IMAGES) * evaluations


def test_coarse_counts_do_not_depend_on_the_finest_one():
    for name in ("straight", "blur"):
        _, source, together = walked(name)
        _, _, few = walked(name, (8, 32))
        for rule, n in itertools.product(source.ranked.values(), (8, 32)):
            torch.testing.assert_close(few[rule, n], together[rule, n], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", LOOPS)
def test_gaps_are_those_of_the_segments_that_a_rule_covers(name):
    _, source, found = walked(name)
    (whole, idgi), total = source.ranked.values(), {key: each.sum((1, 2, 3)) for key, each in found.maps.items()}
    for n in STEPS:
        scores = found.scores[n]
        change = scores[:, -1] - scores[:, 0]
        torch.testing.assert_close(found.completeness_gap[whole, n], total[whole, n] - change, rtol=0, atol=1e-12)
        torch.testing.assert_close(found.completeness_gap[idgi, n], torch.zeros_like(change), rtol=0, atol=1e-12)


def test_study_a_reads_its_own_walks_and_the_controls_and_no_other_reads_them():
    own, ours = of_study_a("blur", steps=(8,)), on_path("blur", output="logit", steps=(8,))
    for protocol in (STUDY_A, STUDY_B, IGPATHS, PAIR):
        is_a = protocol is STUDY_A
        assert (own.serves(protocol), ours.serves(protocol)) == (is_a, not is_a)
        assert controls(output="logit").serves(protocol)


@pytest.mark.parametrize("name", LOOPS)
def test_a_method_has_one_label_in_every_protocol(name):
    own, ours = of_study_a(name, steps=(8,)), on_path(name, output="logit", steps=(8,))
    assert list(own.ranked) == [LABELS[name], f"{LABELS[name]} + IDGI"] == list(ours.ranked)[:2]
    assert own.output == "probability"

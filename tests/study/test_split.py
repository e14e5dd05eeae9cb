"""Split IG's rows and tables: what is counted, what is left out, and the sharing of walks."""

import pytest
import torch

import igpaths as ig
from igpaths.metrics import norm_ratio
from igpaths.study.papers import table
from igpaths.study.protocols import SPLIT, Split
from igpaths.study.split import QUANTITIES, left_out, split_rows, split_table
from igpaths.study.subjects import Subject
from problems import classifier, images, small_network

PROTOCOLS = tuple(Split(p.name, p.baseline, p.at, 8, p.psi, p.crossing, p.images) for p in SPLIT)


@pytest.fixture(scope="module")
def subject():
    network = small_network()
    with torch.no_grad():
        network[-1].weight.mul_(400)  # so that some scores rise by more than 5
    net, x = classifier(network), images(12, shape=(3, 16, 16))
    targets = torch.arange(12) % 5
    predictions = net.predict(x)[0]
    return Subject("objects/vgg", "vgg", net, x, targets, tuple("aabbccddeeff"), predictions, tuple("vwxyz"), ())


@pytest.fixture(scope="module")
def rows(subject):
    return split_rows(subject, PROTOCOLS, batch_size=5)


def test_there_is_a_row_for_each_image_protocol_rule_and_psi(rows):
    assert len(rows) == 12 * 3 * 2 * 3
    assert set(QUANTITIES) < set(rows.columns)
    assert not rows.duplicated(["image", "protocol", "rule", "psi"]).any()


def test_a_ratio_is_that_of_the_maps(rows, subject):
    left, right = (part(ig.IG("end"), 0.9, "right") for part in (ig.Left, ig.Right))
    maps = ig.attribute(
        subject.net, subject.images, subject.targets, path=ig.Straight("mean"), rules=(left, right), steps=(8,)
    )
    chosen = rows[(rows.protocol == "study-b") & (rows.rule == "IG") & (rows.psi == 0.9)].sort_values("image")
    torch.testing.assert_close(
        torch.tensor(chosen["L2 ratio"].to_numpy()), norm_ratio(maps[right, 8], maps[left, 8], order=2), equal_nan=True
    )
    stars = torch.tensor(chosen["alpha*"].to_numpy())
    torch.testing.assert_close(stars, maps.alpha_star[left, 8], equal_nan=True)


def test_images_are_left_out_for_the_protocols_own_reasons(rows, subject):
    once = rows[(rows.rule == "IG") & (rows.psi == 0.9)].set_index("image")
    maps = ig.attribute(
        subject.net, subject.images, subject.targets, path=ig.Straight("mean"), rules=(ig.IG(),), steps=(8,)
    )
    gain = maps.scores[8][:, -1] - maps.scores[8][:, 0]
    correct = subject.predictions == subject.targets
    for protocol, excluded in (("study-b", gain <= 5), ("igpaths, grey", ~correct | (gain <= 0))):
        reasons = once[once.protocol == protocol].left_out
        assert 0 < int(excluded.sum()) < 12  # both kinds are met
        for image, held in enumerate(excluded.tolist()):
            assert not held or reasons[image] != ""
            assert held or reasons[image] in ("", "a part is empty")


def test_counts_add_up(rows):
    counts = left_out(rows)
    assert (counts.sum(axis=1) == 12).all()
    assert list(counts.index.get_level_values("protocol")) == [p.name for p in PROTOCOLS]


def test_the_table_puts_the_paper_above_ours(rows):
    published = table("study-b", 1)
    shown = split_table(
        rows[rows.rule == "IG"], "L2 ratio", published=published[published.quantity.str.startswith("L2")]
    )
    assert shown.index[0] == ("vgg", "paper, VGG-19")
    assert shown.loc[("vgg", "paper, VGG-19"), "ψ = 0.99"] == "0.7604"
    counted = rows[(rows.rule == "IG") & (rows.protocol == "study-b") & (rows.left_out == "") & (rows.psi == 0.9)]
    mean = shown.loc[("vgg", "study-b, mean"), "ψ = 0.9"]
    assert mean.startswith(f"{counted['L2 ratio'].mean():.2f} [")
    assert shown.loc[("vgg", "study-b, mean"), "n"] == str(len(counted))

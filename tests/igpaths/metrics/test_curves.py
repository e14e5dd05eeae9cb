"""Information curves: agreement with PAIR's saliency 0.2.1, the codecs, curves by hand, and images that have none."""

import io
import itertools
import os
from importlib.metadata import version
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image, ImageFilter
from saliency.metrics import pic
from torch import nn

import igpaths as ig
from igpaths.metrics import (
    Responses,
    Seeds,
    absolute_map,
    area,
    information,
    information_curves,
    ms_ssim,
    pixel_ranks,
    random_maps,
    seed_masks,
    tied_share,
    unusable,
)
from igpaths.metrics.estimators import ESTIMATORS, filtered_entropy, png_bytes, webp_bytes
from igpaths.models import ENVIRONMENT, load_model
from igstudy.tasks.images import load_images
from problems import Counted, Recorder, classifier, generator, images, small_network

THRESHOLDS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.13, 0.21, 0.34, 0.5, 0.75)
SIDE = 176
SHAPE = (3, 20, 25)
TARGETS = torch.tensor([0, 3])
SCORE, TELLS = "the canvas scores as much as the image", "the canvas tells as much as the image"


def photographs(*names: str, size: int = SIDE) -> torch.Tensor:
    """The middle squares of scikit-image's photographs, so many pixels a side."""
    batch = []
    for name in names:
        photograph = Image.fromarray(getattr(skimage.data, name)())
        width, height = photograph.size
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        square = photograph.resize((size, size), Image.Resampling.BICUBIC, (left, top, left + side, top + side))
        batch.append(torch.from_numpy(np.array(square)).permute(2, 0, 1))
    return torch.stack(batch).float() / 255


def pixels(image: torch.Tensor) -> np.ndarray:
    return (image * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def predictor(net, target, *, right_or_wrong=False):
    """PAIR's interface: arrays (B, H, W, 3) of 8 bits to B numbers."""

    def predict(batch):
        x = torch.from_numpy(batch).permute(0, 3, 1, 2).to(net.dtype) / 255
        if right_or_wrong:
            return (net.predict(x)[0] == target).double().numpy()
        return net.logits(x).softmax(1)[:, target].numpy()

    return predict


def compute_pic_metric(image, ranking_map, seeds, predict, thresholds=THRESHOLDS):
    """PAIR's metric of one image; it asks for np.trapz, which NumPy 2.4 took away."""
    with mock.patch.object(np, "trapz", np.trapezoid, create=True):
        return pic.compute_pic_metric(
            pixels(image), ranking_map.numpy(), seeds.numpy(), predict, thresholds, min_pred_value=0
        )


def idgi_maps(net, x, targets):
    """Tie-free absolute maps (B, H, W)."""
    maps = absolute_map(ig.attribute(net, x, targets, path=ig.Straight(), rules=(ig.IDGI(),), steps=(4,))[ig.IDGI(), 4])
    maps = maps.double() + 1e-9 * maps.max() * random_maps(len(x), maps.shape[1:])
    assert tied_share(maps).tolist() == [0] * len(x)
    return maps


def compare_with_pair(net, x, targets, *, accuracy_of):
    """SIC of every image, and AIC of image number `accuracy_of`, from the same revealed images."""
    maps, seeds = idgi_maps(net, x, targets), seed_masks(len(x), x.shape[-2:])
    responses = information(
        net, x, targets, maps[:, None], canvas=Seeds(seeds), shares=THRESHOLDS, estimators=("webp",)
    )
    curves = {
        score: information_curves(responses, estimator="webp", score=score, points=1000)
        for score in ("probability", "correct")
    }
    for i in range(len(x)):
        theirs = compute_pic_metric(x[i], maps[i], seeds[i], predictor(net, targets[i]))
        grid, ours = curves["probability"]
        assert np.abs(np.array(theirs.predictions) - responses.probability[i, 0].numpy()).max() < 1e-5
        bytes_of = [pic.estimate_image_entropy(seen) for seen in theirs.blurred_images]
        assert responses.information["webp"][i, 0].tolist() == bytes_of
        assert np.abs(np.array(theirs.curve_x) - grid.numpy()).max() < 1e-12
        assert np.abs(theirs.curve_y - ours[i, 0].numpy()).max() < 1e-4
        assert abs(theirs.auc - float(area(grid, ours)[i, 0])) < 1e-5
        if i != accuracy_of:
            continue
        with mock.patch.object(pic, "create_blurred_image", side_effect=theirs.blurred_images):  # they take seconds
            theirs = compute_pic_metric(x[i], maps[i], seeds[i], predictor(net, targets[i], right_or_wrong=True))
        assert theirs.predictions == responses.correct[i, 0].tolist()
        assert len(set(theirs.predictions)) == 2
        grid, ours = curves["correct"]
        assert abs(theirs.auc - float(area(grid, ours)[i, 0])) < 1e-9


@pytest.fixture(scope="module")
def net():
    return load_model("objects/resnet").classifier(output="probability")


def test_the_peer_is_the_one_named_above():
    assert version("saliency") == "0.2.1"


def test_curves_equal_pairs_on_photographs(net):
    x = photographs("rocket", "chelsea", size=88)  # PAIR takes seconds for larger ones
    compare_with_pair(net, x, net.predict(x)[0], accuracy_of=0)


def test_curves_equal_pairs_on_imagenet():
    data = os.environ.get(ENVIRONMENT)
    if not data or not (weights := Path(data) / "weights" / "mobilenet_v2.pt").exists():
        pytest.skip(f"{ENVIRONMENT} names no folder of photographs with weights/mobilenet_v2.pt")
    model = load_model(f"torchvision/mobilenet_v2:IMAGENET1K_V1@{weights}")
    x = load_images("imagenet", model=model, count=1, data=data).images
    net = model.classifier(output="probability")
    compare_with_pair(net, x, net.predict(x)[0], accuracy_of=0)


@pytest.mark.parametrize(("score", "message"), [("probability", "score on the completely"), ("correct", "score on")])
def test_where_pair_raises_an_image_has_no_curve(net, score, message):
    x = photographs("coffee", "rocket")
    targets, seeds, maps = net.predict(x)[0], seed_masks(2, (SIDE, SIDE)), random_maps(2, (SIDE, SIDE))
    predict = predictor(net, targets[0], right_or_wrong=score == "correct")
    with pytest.raises(pic.ComputePicMetricError, match=message):
        compute_pic_metric(x[0], maps[0], seeds[0], predict)
    responses = information(net, x, targets, maps[:, None], canvas=Seeds(seeds), shares=(0.5,), estimators=("webp",))
    curves = information_curves(responses, estimator="webp", score=score)[1]
    reasons = unusable(responses, estimator="webp", score=score)
    assert {reason: images.tolist() for reason, images in reasons.items()} == {
        SCORE: [True, False],
        TELLS: [False, False],
    }
    assert bool(curves[0].isnan().all())
    assert bool(curves[1].isfinite().all())


def test_of_a_sparse_map_pair_reveals_everything_and_we_as_many_as_asked_for():
    x, seeds, sparse = images(1, shape=SHAPE), seed_masks(1, SHAPE[1:], share=0.02), torch.zeros(1, 1, *SHAPE[1:])
    sparse[..., 4:9, 3:9] = 1 + random_maps(1, (5, 6)).float()  # 30 of 500 pixels; the others are equal
    net = ig.Classifier(Recorder(small_network()), mean=(0, 0, 0), std=(1, 1, 1), output="probability")

    def is_whole(batch):
        return [float((image == pixels(x[0])).all()) for image in batch]

    theirs = compute_pic_metric(x[0], sparse[0, 0], seeds[0], is_whole, (0.02, 0.5))
    assert theirs.predictions == [0, 0, 1, 1]
    information(net, x, torch.zeros(1).long(), sparse, canvas=Seeds(seeds), shares=(0.02, 0.5), batch_size=1)
    few, half, canvas, whole = (pixels(seen[0]) for seen in net.module.seen)
    assert (few == theirs.blurred_images[1]).all()
    assert (canvas == theirs.blurred_images[0]).all()
    assert (whole == pixels(x[0])).all()
    ranks = pixel_ranks(sparse[0, 0])
    assert int((ranks < 250).sum()) == 250
    assert bool((sparse[0, 0][ranks < 30] >= 1).all())
    assert (half == pic.create_blurred_image(pixels(x[0]), ((ranks < 250) | seeds[0]).numpy())).all()
    assert (half != pixels(x[0])).any()


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.98, 1])
def test_seeds_fill_in_exactly_as_pair_does(share):
    x, seeds = photographs("astronaut", "coffee")[:, :, 30:90, 20:101], seed_masks(2, (60, 81), share=share)
    which, shown = torch.tensor([1, 0, 1]), torch.zeros(3, 60, 81, dtype=torch.bool)
    shown[1, 5:20, 30:40] = True
    shown[2] = True
    revealed = Seeds(seeds).under(x)(which, shown)
    assert revealed.shape == (3, *x.shape[1:])
    assert revealed.dtype == x.dtype
    for i, (image, mask) in enumerate(zip(revealed, shown, strict=True)):
        known = mask | seeds[which[i]]
        assert torch.equal(image[:, known], x[which[i]][:, known])
        assert (pixels(image) == pic.create_blurred_image(pixels(x[which[i]]), known.numpy())).all()
    assert torch.equal(revealed[2], x[1])


def test_seed_masks_have_their_share_and_depend_on_the_number_of_the_image():
    masks = seed_masks(5, (31, 47))
    assert masks.shape == (5, 31, 47)
    assert masks.dtype == torch.bool
    assert masks.sum((1, 2)).tolist() == [14] * 5  # of 1457 pixels
    assert seed_masks(2, (31, 47), share=0.5).sum((1, 2)).tolist() == [728] * 2
    assert len({mask.numpy().tobytes() for mask in masks}) == 5
    assert torch.equal(masks, seed_masks(5, (31, 47)))
    assert torch.equal(masks[3:], seed_masks(2, (31, 47), start=3))
    assert not torch.equal(masks, seed_masks(5, (31, 47), seed=1))


@pytest.mark.parametrize(
    ("estimate", "options"),
    [(png_bytes, {"format": "png"}), (webp_bytes, {"format": "webp", "lossless": True, "quality": 100})],
)
def test_bytes_are_those_of_pillow_whatever_the_batch(estimate, options):
    x = photographs("astronaut", "coffee", "rocket")
    lengths = []
    for image in x:
        file = io.BytesIO()
        Image.fromarray(pixels(image)).save(file, **options)
        lengths.append(len(file.getvalue()))
    assert estimate(x, x).tolist() == lengths
    assert estimate(x.double(), x.double()).tolist() == lengths
    assert torch.cat([estimate(image[None], image[None]) for image in x.flip(0)]).tolist() == lengths[::-1]


def test_similarity_is_ms_ssim_with_the_image():
    x = photographs("astronaut", "coffee")
    found = ESTIMATORS["ms-ssim"](x.flip(0), x)
    assert torch.equal(found, ms_ssim(x.flip(0), x))
    assert ESTIMATORS["ms-ssim"](x, x).tolist() == [1, 1]


def entropy_one_by_one(image):
    """The entropy in bytes of one image (H, W, 3) behind PNG's filters, row by row and value by value."""
    height, width, _ = image.shape
    known = np.zeros((height + 1, width + 1, 3), dtype=int)
    known[1:, 1:] = image
    counts = np.zeros(256)
    for i in range(1, height + 1):
        candidates = []
        for kind in range(5):
            row = []
            for j, c in itertools.product(range(1, width + 1), range(3)):
                left, up, corner = (int(v) for v in (known[i, j - 1, c], known[i - 1, j, c], known[i - 1, j - 1, c]))
                # RFC 2083, section 6: of equally near neighbours the left one, then the upper one
                paeth = min((left, up, corner), key=lambda v, guess=left + up - corner: abs(guess - v))
                guess = (0, left, up, (left + up) // 2, paeth)[kind]
                row.append((int(known[i, j, c]) - guess) % 256)
            candidates.append(row)
        best = min(candidates, key=lambda row: sum(min(v, 256 - v) for v in row))
        counts += np.bincount(best, minlength=256)
    share = counts[counts > 0] / image.size
    return -(share * np.log2(share)).sum() * image.size / 8


def test_the_entropy_is_that_of_a_loop_over_the_values():
    smooth = photographs("astronaut")[0, :, 60:71, 80:93].double()
    noise = (torch.rand(3, 11, 13, dtype=torch.float64, generator=generator()) * 255).round() / 255
    x = torch.stack([smooth, noise])
    expected = torch.tensor([entropy_one_by_one(pixels(image)) for image in x], dtype=torch.float64)
    torch.testing.assert_close(filtered_entropy(x, x), expected, rtol=1e-12, atol=0)


def test_the_entropy_is_near_the_bytes_of_a_png_file():
    sharp = photographs("astronaut", "coffee")
    torch.testing.assert_close(filtered_entropy(sharp, sharp), png_bytes(sharp, sharp), rtol=0.1, atol=0)
    noise = torch.randint(256, sharp.shape, generator=generator()) / 255
    torch.testing.assert_close(filtered_entropy(noise, noise), png_bytes(noise, noise), rtol=0.02, atol=0)


def test_the_entropy_orders_constant_blurred_sharp_and_noise():
    sharp = Image.fromarray(pixels(photographs("astronaut")[0]))
    blurred = [sharp.filter(ImageFilter.GaussianBlur(radius)) for radius in (8, 2)]
    both = torch.stack([torch.from_numpy(np.array(p)).permute(2, 0, 1) for p in (*blurred, sharp)]).double() / 255
    noise = torch.randint(256, both.shape[1:], generator=generator()) / 255
    x = torch.stack([torch.full_like(both[0], 0.6), *both, noise])
    values = filtered_entropy(x, x)
    assert bool((values.diff() > 0).all())
    assert float(values[-1]) < both[0].numel()  # no code of single values takes more than a byte for each
    alone = torch.cat([filtered_entropy(image[None], image[None]) for image in x])
    torch.testing.assert_close(values, alone, rtol=0, atol=0)
    torch.testing.assert_close(filtered_entropy(x.float(), x.float()), values, rtol=0, atol=0)


def responses(told, said, *, score="probability") -> Responses:
    """Made by hand: `told` and `said` are (B, M, K)."""
    told, said = (torch.tensor(values, dtype=torch.float64) for values in (told, said))
    steps = told.shape[-1]
    other = torch.full_like(said, torch.nan)
    return Responses(
        counts=tuple(range(steps)),
        shares=torch.linspace(0, 1, steps, dtype=torch.float64),
        probability=said if score == "probability" else other,
        logit=other,
        correct=said if score == "correct" else other,
        whole=said[:, 0, -1],
        information={"png": told},
    )


def curve(told, said, *, score="probability", points=4, **options):
    made = responses([[told]], [[said]], score=score)
    x, y = information_curves(made, estimator="png", score=score, points=points, **options)
    assert x.tolist() == [i / points for i in range(points + 1)]
    return y[0, 0].tolist()


@pytest.mark.parametrize(("monotone", "expected"), [(True, [0, 0.4, 0.4, 0.7, 1]), (False, [0, 0.2, 0.4, 0.7, 1])])
def test_a_curve_by_hand(monotone, expected):
    # Information 0, ½, ¼, 1 (of 1½), 0 (of −¼), 1 and score 0, .4, .2, 1 (of 1.2), 0 (of −.2), 1
    told, said = [10, 20, 15, 40, 5, 30], [0.2, 0.4, 0.3, 0.8, 0.1, 0.7]
    if monotone:  # whose last point but one would say 1 where nothing is told
        told, said = told[:4] + told[5:], said[:4] + said[5:]
    assert curve(told, said, monotone=monotone) == pytest.approx(expected, abs=1e-12)


def test_the_running_maximum_is_in_the_order_of_the_counts():
    # The second point says .8 at ¾, the third, which tells less, keeps it; sorted first, it would keep .1.
    told, said = [0, 0.75, 0.5, 1], [0, 0.8, 0.1, 1]
    assert curve(told, said) == pytest.approx([0, 0.4, 0.8, 0.8, 1], abs=1e-12)
    assert curve(told, said, monotone=False) == pytest.approx([0, 0.05, 0.1, 0.8, 1], abs=1e-12)


def test_points_of_equal_information_keep_the_order_of_the_counts():
    y = curve([0, 0.5, 0.5, 1], [0, 0.2, 0.6, 1])
    assert (y[1], y[3]) == pytest.approx((0.1, 0.8), abs=1e-12)
    y = curve([0, 0.5, 0.5, 1], [0, 0.6, 0.2, 1], monotone=False)
    assert (y[1], y[3]) == pytest.approx((0.3, 0.6), abs=1e-12)


def test_a_curve_goes_from_the_origin_to_one_one_whatever_the_score_there():
    # Information 0, 0, 1, 1 and score 0, .6, .6, 1: from the origin, which comes last at 0, to .6, which is first at 1
    assert curve([5, 5, 9, 9], [0.1, 0.4, 0.4, 0.6]) == pytest.approx([0, 0.15, 0.3, 0.45, 1], abs=1e-12)


def test_information_as_it_is():
    told, said = [0.5, 0.75, 1.0], [0.2, 0.4, 0.6]
    assert curve(told, said, renormalise=False) == pytest.approx([0, 0, 0, 0.5, 1], abs=1e-12)
    assert curve(told, said) == pytest.approx([0, 0.25, 0.5, 0.75, 1], abs=1e-12)


def test_the_accuracy_curve_by_hand():
    told, said = [0, 0.25, 0.5, 1], [0, 0, 1, 1]
    assert curve(told, said, score="correct") == pytest.approx([0, 0, 1, 1, 1], abs=1e-12)


def test_an_early_map_has_the_larger_area():
    told = [[[0, 1, 2, 3, 4, 10]] * 2]
    made = responses(told, [[[0, 0.9, 0.9, 0.9, 0.9, 0.9], [0, 0, 0, 0, 0, 0.9]]])
    x, y = information_curves(made, estimator="png", score="probability")
    assert y.shape == (1, 2, 101)
    early, late = area(x, y)[0].tolist()
    assert early == pytest.approx(0.95, abs=1e-12)  # 1 from a tenth of the information on
    assert late == pytest.approx(0.5 * 0.6, abs=0.01)  # 0 up to four tenths
    assert len(information_curves(made, estimator="png", score="probability", points=1000)[0]) == 1001


def test_exactly_the_unusable_images_are_nan():
    said = [[[0.1, 0.5, 0.9]] * 2, [[0.9, 0.95, 0.9]] * 2, [[0.1, 0.5, 0.9]] * 2, [[0.8, 0.5, 0.3]] * 2]
    told = [[[1, 2, 3]] * 2, [[1, 2, 3]] * 2, [[3, 2, 3]] * 2, [[4, 2, 3]] * 2]
    made = responses(told, said)
    reasons = unusable(made, estimator="png", score="probability")
    assert reasons[SCORE].tolist() == [False, True, False, True]
    assert reasons[TELLS].tolist() == [False, False, True, True]
    assert len(reasons) == 2
    curves = information_curves(made, estimator="png", score="probability")[1]
    assert curves.isnan().all(-1).tolist() == [[False] * 2, [True] * 2, [True] * 2, [True] * 2]
    assert bool(curves[0].isfinite().all())
    assert bool(((curves[0] >= 0) & (curves[0] <= 1)).all())
    as_it_is = information_curves(made, estimator="png", score="probability", renormalise=False)[1]
    assert as_it_is.isnan().any(-1).any(-1).tolist() == [False, True, False, True]


@pytest.mark.parametrize("kind", ["canvas", "seeds"])
def test_a_black_image_is_unusable_for_both_reasons(kind):
    black, net = torch.zeros(2, 3, SIDE, SIDE), classifier(small_network(torch.float32), "probability")
    canvas = black.clone() if kind == "canvas" else Seeds(seed_masks(2, (SIDE, SIDE)))
    found = information(
        net,
        black,
        TARGETS,
        random_maps(2, (SIDE, SIDE))[:, None],
        canvas=canvas,
        shares=(0.3,),
        estimators=tuple(ESTIMATORS),
        batch_size=1,  # in which equal images score the same
    )
    for estimator in ESTIMATORS:
        for score in ("probability", "correct"):
            reasons = unusable(found, estimator=estimator, score=score)
            assert {reason: which.tolist() for reason, which in reasons.items()} == {
                SCORE: [True] * 2,
                TELLS: [True] * 2,
            }
            assert bool(information_curves(found, estimator=estimator, score=score)[1].isnan().all())


def test_a_canvas_is_rounded_to_8_bits_and_so_are_the_images():
    net = ig.Classifier(Recorder(small_network()), mean=(0, 0, 0), std=(1, 1, 1), output="logit")
    x, canvas = images(2, shape=SHAPE), images(2, seed=8, shape=SHAPE)
    maps = random_maps(2, SHAPE[1:])[:, None]
    found = information(net, x, TARGETS, maps, canvas=canvas, shares=(0.4,))
    seen = torch.cat(net.module.seen)
    assert torch.equal((seen * 255).round() / 255, seen)
    rounded = [(batch * 255).round() / 255 for batch in (x, canvas)]
    expected = torch.where(pixel_ranks(maps) < 200, *rounded)
    assert torch.equal(seen[:2], expected)
    assert torch.equal(found.information["png"][:, 0, 1], png_bytes(expected, x))
    torch.testing.assert_close(found.logit[:, 0, 1], net.scores(expected, TARGETS), rtol=0, atol=1e-12)
    assert found.counts == (0, 200, 500)
    assert torch.equal(found.information["png"][:, 0, 2], png_bytes(x, x))


def test_one_set_of_revealed_images_serves_every_estimator():
    x, maps = photographs("astronaut", "rocket"), random_maps(4, (SIDE, SIDE)).view(2, 2, SIDE, SIDE)
    canvas = torch.full_like(x, 0.5)
    alone = {}
    for estimator in ESTIMATORS:
        net = classifier(Counted(small_network(torch.float32)))
        alone[estimator] = information(net, x, TARGETS, maps, canvas=canvas, shares=(0.2,), estimators=(estimator,))
        assert net.module.count == 4 + 2 * 2
    net = classifier(Counted(small_network(torch.float32)))
    together = information(net, x, TARGETS, maps, canvas=canvas, shares=(0.2,), estimators=tuple(ESTIMATORS))
    assert net.module.count == 4 + 2 * 2
    assert list(together.information) == list(ESTIMATORS)
    for estimator, found in alone.items():
        assert torch.equal(found.information[estimator], together.information[estimator])
        assert torch.equal(found.probability, together.probability)


def test_the_batch_size_changes_no_curve():
    x, net = images(2, shape=SHAPE), classifier(small_network())
    maps, canvas = random_maps(6, SHAPE[1:]).view(2, 3, *SHAPE[1:]), Seeds(seed_masks(2, SHAPE[1:]))
    found = [
        information(
            net, x, TARGETS, maps, canvas=canvas, shares=(0.2, 0.6), estimators=("png", "entropy"), batch_size=size
        )
        for size in (1, 5, 100)
    ]
    for other in found[1:]:
        torch.testing.assert_close(other.logit, found[0].logit, rtol=0, atol=1e-12)
        assert torch.equal(other.information["png"], found[0].information["png"])
        torch.testing.assert_close(other.information["entropy"], found[0].information["entropy"], rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("estimators", "message"),
    [
        (("png", "gif"), "estimators is 'gif'; it must be one of png, webp, ms-ssim, entropy"),
        ("gif", "estimators is 'gif'; it must be one of png, webp, ms-ssim, entropy"),
        ((), r"estimators is \(\); it must be one of"),
        (("ms-ssim",), r"MS-SSIM needs at least 161 pixels a side for its five scales, got \(20, 25\)"),
    ],
)
def test_bad_estimators_are_refused(estimators, message):
    x, maps = images(2, shape=SHAPE), random_maps(2, SHAPE[1:])[:, None]
    with pytest.raises(ValueError, match=message):
        information(classifier(small_network()), x, TARGETS, maps, canvas=torch.zeros_like(x), estimators=estimators)


def test_bad_maps_and_shares_are_refused():
    x, maps, net = images(2, shape=SHAPE), random_maps(2, SHAPE[1:])[:, None], classifier(small_network())
    with pytest.raises(ValueError, match=r"maps must be \(2, M, 20, 25\)"):
        information(net, x, TARGETS, maps[0, 0], canvas=torch.zeros_like(x))
    with pytest.raises(ValueError, match=r"map \(0, 0\) has 500 NaN or infinite values"):
        information(net, x, TARGETS, maps * torch.nan, canvas=torch.zeros_like(x))
    with pytest.raises(ValueError, match=r"shares must be numbers that increase within \[0, 1\]"):
        information(net, x, TARGETS, maps, canvas=torch.zeros_like(x), shares=(0.5, 1.5))


@pytest.mark.parametrize("size", [(1, 30), (30, 1), (1, 1), (2, 30)])
def test_an_image_one_pixel_high_or_wide_is_interpolated_along_its_line(size):
    ramp = (torch.arange(30) * 8 / 255).view(30, 1) if size[0] > 2 else (torch.arange(30) * 8 / 255).view(1, 30)
    x = ramp[: size[0], : size[1]].expand(2, 3, *size).contiguous()
    nothing = torch.zeros(2, *size, dtype=torch.bool)
    look = Seeds(nothing).under(x)(torch.tensor([0, 1]), nothing)  # from the corners alone
    torch.testing.assert_close(look, x, rtol=0, atol=1.01 / 255)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_information_of_any_number_of_channels(channels):
    net = ig.Classifier(
        nn.Sequential(nn.Flatten(), nn.Linear(channels * 500, 4)).double(),
        mean=[0] * channels,
        std=[1] * channels,
        output="logit",
    )
    x, maps = images(2, shape=(channels, *SHAPE[1:])), random_maps(2, SHAPE[1:])
    for canvas in ("black", 0.5, "blur", Seeds(seed_masks(2, SHAPE[1:]))):
        assert information(net, x, TARGETS, maps, canvas=canvas, estimators="entropy").logit.shape == (2, 1, 25)
    for estimator, allowed in (("png", (1, 2, 3, 4)), ("webp", (1, 3))):
        if channels in allowed:
            found = information(net, x, TARGETS, maps, canvas="black", estimators=(name for name in [estimator]))
            assert bool((found.information[estimator] > 0).all())
        else:
            with pytest.raises(
                ValueError, match=f"{estimator} files hold 1, .* channels, not {channels}; take 'entropy'"
            ):
                information(net, x, TARGETS, maps, canvas="black", estimators=estimator)


def test_a_grey_png_is_that_of_its_one_channel():
    grey = photographs("astronaut")[:, :1]
    file = io.BytesIO()
    Image.fromarray(pixels(grey[0])[..., 0]).save(file, format="png")
    assert png_bytes(grey, grey).tolist() == [len(file.getvalue())]


def test_a_canvas_by_its_word_is_that_of_its_pixels():
    x, maps, net = images(2, shape=SHAPE), random_maps(2, SHAPE[1:])[:, None], classifier(small_network())
    by_word, by_pixels = (information(net, x, TARGETS, maps, canvas=c) for c in ("white", torch.ones_like(x)))
    assert torch.equal(by_word.logit, by_pixels.logit)
    assert torch.equal(by_word.information["png"], by_pixels.information["png"])


def test_images_outside_the_unit_range_and_networks_of_one_output_have_no_information():
    x, maps = images(2, shape=SHAPE), random_maps(2, SHAPE[1:])
    with pytest.raises(ValueError, match=r"images must lie in \[0, 1\] to be rounded to 8 bits; got \[.*\]$"):
        information(classifier(small_network()), x * 255, TARGETS, maps, canvas="black")
    with pytest.raises(ValueError, match="one output"):
        information(classifier(small_network(classes=1)), x, 0, maps, canvas="black")


def test_no_default_of_the_process_reaches_a_result():
    x, maps, net = (
        photographs("astronaut", "rocket"),
        random_maps(2, (SIDE, SIDE)),
        classifier(small_network(torch.float32)),
    )
    arguments = {"shares": (0.2,), "estimators": tuple(ESTIMATORS), "canvas": Seeds(seed_masks(2, (SIDE, SIDE)))}
    expected = information(net, x, TARGETS, maps, **arguments)
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        with torch.device("meta"):  # a device that computes nothing
            found = information(net, x, TARGETS, random_maps(2, (SIDE, SIDE)), **arguments)
            masks = seed_masks(2, (SIDE, SIDE))
    finally:
        torch.set_default_dtype(before)
    assert torch.equal(masks, arguments["canvas"].masks)
    assert torch.equal(found.logit, expected.logit)
    for estimator in ESTIMATORS:
        assert torch.equal(found.information[estimator], expected.information[estimator])


def test_an_unknown_score_or_estimator_is_refused():
    made = responses([[[0, 1]]], [[[0, 1]]])
    for reading in (information_curves, unusable):
        with pytest.raises(ValueError, match="score is 'loss'; it must be one of probability, logit, correct"):
            reading(made, estimator="png", score="loss")
        with pytest.raises(ValueError, match="estimator is 'webp'; it must be one of png"):
            reading(made, estimator="webp", score="probability")

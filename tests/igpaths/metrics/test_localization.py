"""Localization: every metric by hand, against brute force, and where its answer is known."""

import math

import pytest
import torch

from igpaths.metrics import best_f1, class_sensitivity, energy_inside, mae, pointing_game, roc_auc
from igpaths.walks import BATCH_SIZE
from problems import generator

METRICS = (energy_inside, pointing_game, roc_auc, best_f1, mae)
CORNER = torch.tensor([[True, True, False], [False, False, False]])


def one(metric, values, mask=CORNER):
    """The metric of one map given as nested lists or a tensor."""
    return float(metric(torch.as_tensor(values, dtype=torch.float64)[None, None], mask[None]))


def random_cases(count, shape=(3, 4), levels=0, seed=0):
    """Maps (count, H, W), of few levels where ties are wanted, and masks with pixels inside and outside."""
    rng = generator(seed)
    maps = torch.randn(count, *shape, dtype=torch.float64, generator=rng)
    maps = (maps * levels).round() if levels else maps
    masks = torch.rand(count, *shape, generator=rng) < torch.linspace(0.1, 0.9, count).view(-1, 1, 1)
    masks[:, 0, 0], masks[:, -1, -1] = True, False
    return maps, masks


class TestByHand:
    def test_energy_inside(self):
        assert one(energy_inside, [[3, 1], [2, 2]], torch.tensor([[True, False], [False, False]])) == 3 / 8
        assert one(energy_inside, [[1, 2, 0], [5, 0, 4]]) == 3 / 12

    def test_energy_is_of_magnitudes(self):
        assert one(energy_inside, [[-3, 1, 0], [2, -2, 0]]) == 4 / 8
        maps, masks = random_cases(10)
        assert torch.equal(energy_inside(-maps[:, None], masks), energy_inside(maps[:, None], masks))
        assert torch.equal(energy_inside(maps.abs()[:, None], masks), energy_inside(maps[:, None], masks))

    def test_pointing_game(self):
        assert one(pointing_game, [[1, 5, 0], [2, 3, 4]]) == 1
        assert one(pointing_game, [[1, 5, 6], [2, 3, 4]]) == 0
        assert one(pointing_game, [[-1, -2, -3], [-4, -5, -6]]) == 1  # the highest, not the largest magnitude

    def test_pixels_that_are_highest_together_share_the_hit(self):
        assert one(pointing_game, [[5, 5, 5], [1, 2, 3]]) == pytest.approx(2 / 3, abs=1e-15)
        assert one(pointing_game, [[5, 1, 0], [5, 5, 5]]) == 1 / 4

    def test_roc_auc(self):
        # 5 beats 1, 2, 3 and 4; 3 beats 1 and 2 and ties with 3: 6.5 of 8 pairs
        assert one(roc_auc, [[5, 3, 1], [2, 3, 4]]) == 6.5 / 8

    def test_best_f1(self):
        # {5} has 2·1/(1 + 2), {5, 4} 2·1/(2 + 2), {5, 4, 3} 2·2/(3 + 2), and more can only be worse
        assert one(best_f1, [[5, 3, 4], [2, 1, 0]]) == 4 / 5
        # a threshold at 3 takes both pixels of that value: {5, 3, 3}
        assert one(best_f1, [[5, 3, 3], [2, 1, 0]]) == 4 / 5

    def test_mae(self):
        # scaled to [0, 1]: 1, .5, .25 over 0, .25, .75; off by 0, .5, .25 and 0, .25, .75
        assert one(mae, [[2, 0, -1], [-2, -1, 1]]) == 1.75 / 6
        maps, masks = random_cases(10)
        scaled = mae(5 * maps[:, None] - 3, masks)
        torch.testing.assert_close(scaled, mae(maps[:, None], masks), rtol=0, atol=1e-14)


@pytest.mark.parametrize("levels", [0, 1, 3])
class TestAgainstBruteForce:
    def test_roc_auc_counts_pairs(self, levels):
        maps, masks = random_cases(40, levels=levels)
        found = roc_auc(maps[:, None], masks)[:, 0]
        for value, values, mask in zip(found, maps, masks, strict=True):
            inside, outside = values[mask], values[~mask]
            pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in inside for b in outside]
            assert float(value) == pytest.approx(sum(pairs) / len(pairs), abs=1e-14)

    def test_roc_auc_of_the_negated_map_is_the_rest(self, levels):
        maps, masks = random_cases(40, levels=levels)
        total = roc_auc(maps[:, None], masks) + roc_auc(-maps[:, None], masks)
        torch.testing.assert_close(total, torch.ones_like(total), rtol=0, atol=1e-14)

    def test_best_f1_tries_every_threshold(self, levels):
        maps, masks = random_cases(40, levels=levels)
        found = best_f1(maps[:, None], masks)[:, 0]
        for value, values, mask in zip(found, maps, masks, strict=True):
            scores = []
            for threshold in values.unique():
                guess = values >= threshold
                hits = int((guess & mask).sum())
                precision, recall = hits / int(guess.sum()), hits / int(mask.sum())
                scores.append(2 * precision * recall / (precision + recall) if hits else 0.0)
            assert float(value) == pytest.approx(max(scores), abs=1e-14)

    def test_pointing_game_asks_each_highest_pixel(self, levels):
        maps, masks = random_cases(40, levels=levels)
        found = pointing_game(maps[:, None], masks)[:, 0]
        for value, values, mask in zip(found, maps, masks, strict=True):
            hits = [bool(m) for v, m in zip(values.flatten(), mask.flatten(), strict=True) if v == values.max()]
            assert float(value) == pytest.approx(sum(hits) / len(hits), abs=1e-15)


class TestKnownAnswers:
    def test_the_mask_itself_is_perfect(self):
        _, masks = random_cases(20)
        maps = torch.stack([masks.double(), 3 * masks.double()], dim=1)
        for metric in (energy_inside, pointing_game, roc_auc, best_f1):
            assert metric(maps, masks).eq(1).all()
        assert mae(maps, masks).eq(0).all()

    def test_everywhere_but_the_mask_is_the_worst(self):
        _, masks = random_cases(20)
        maps = (~masks).double()[:, None]
        for metric in (energy_inside, pointing_game, roc_auc):
            assert metric(maps, masks).eq(0).all()
        assert mae(maps, masks).eq(1).all()

    @pytest.mark.parametrize("value", [0.3, 7.0, -2.0])
    def test_a_constant_map_is_worth_the_masks_share(self, value):
        _, masks = random_cases(20)
        share = masks.double().mean((1, 2)).view(-1, 1)
        maps = torch.full((20, 1, 3, 4), value, dtype=torch.float64)
        expected = {
            energy_inside: share,
            pointing_game: share,
            roc_auc: torch.full_like(share, 0.5),
            best_f1: 2 * share / (1 + share),
            mae: share,
        }
        for metric, answer in expected.items():
            torch.testing.assert_close(metric(maps, masks), answer, rtol=0, atol=1e-14)

    def test_a_zero_map_has_no_energy_to_share_and_is_constant_otherwise(self):
        assert math.isnan(one(energy_inside, torch.zeros(2, 3)))
        for metric in (pointing_game, roc_auc, best_f1, mae):
            assert one(metric, torch.zeros(2, 3)) == one(metric, torch.ones(2, 3))

    @pytest.mark.parametrize("metric", [pointing_game, roc_auc, best_f1])
    def test_only_the_order_counts(self, metric):
        maps, masks = random_cases(20)
        assert torch.equal(metric(maps.exp()[:, None], masks), metric(maps[:, None], masks))

    @pytest.mark.parametrize("metric", METRICS)
    def test_every_map_has_its_own_figure_whatever_is_measured_with_it(self, metric):
        count = BATCH_SIZE + 5
        maps, masks = random_cases(2 * count, levels=2)
        maps, masks = maps.view(count, 2, 3, 4).float(), masks[::2]
        together = metric(maps, masks)
        assert together.shape == (count, 2)
        assert together.dtype == torch.float64
        for i in range(count):
            for m in range(2):
                assert float(together[i, m]) == one(metric, maps[i, m], masks[i])


MAPS, MASKS = torch.rand(2, 3, 2, 3, generator=generator()), CORNER.expand(2, 2, 3)
BROKEN, INFINITE = MAPS.clone(), MAPS.clone()
BROKEN[1, 2, 0, 0], INFINITE[0, 1, 1, 1] = math.nan, math.inf


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("maps", "masks", "message"),
    [
        (MAPS[0, 0], MASKS, r"maps must be (2, M, 2, 3), M maps of each image, or (2, 2, 3), got (2, 3)"),
        (MAPS, MASKS[:1], r"maps must be (1, M, 2, 3), .* got (2, 3, 2, 3)"),
        (MAPS, MASKS[..., :2], r"maps must be (2, M, 2, 2), .* got (2, 3, 2, 3)"),
        (MAPS, MASKS[:, None], r"masks must be bool (B, H, W), got (2, 1, 2, 3)"),
        (MAPS, MASKS.float(), r"masks must be bool (B, H, W), got .* of torch.float32"),
        (BROKEN, MASKS, r"maps must be finite; 1 of 6 are not: map (1, 2) has 1 NaN or infinite values"),
        (INFINITE, MASKS, r"maps must be finite; 1 of 6 are not: map (0, 1) has 1 NaN or infinite values"),
        (MAPS, torch.stack([CORNER, CORNER ^ CORNER]), "every mask must have pixels inside and outside"),
        (MAPS, torch.stack([CORNER | ~CORNER, CORNER]), "every mask must have pixels inside and outside"),
    ],
)
def test_bad_input_is_refused_with_what_was_given(metric, maps, masks, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
        metric(maps, masks)


class TestClassSensitivity:
    LEFT = torch.tensor([[True, False, False], [True, False, False]])
    PAIR = torch.stack([LEFT, LEFT.flip(1)])[None]  # the left and the right column; the middle is no object's

    def found(self, first, second, masks=PAIR):
        maps = (torch.as_tensor(m, dtype=torch.float64)[None, None] for m in (first, second))
        return float(class_sensitivity(*maps, masks))

    def test_by_hand(self):
        # 3 of 4 of the first map and 1 of 5 of the second lie on the own object; the middle column does not count
        assert self.found([[2, 9, 1], [1, 0, 0]], [[4, 0, 1], [0, -7, 0]]) == (3 / 4 + 1 / 5) / 2

    def test_it_is_of_magnitudes(self):
        assert self.found([[-2, 9, 1], [1, 0, 0]], [[-4, 0, -1], [0, 7, 0]]) == (3 / 4 + 1 / 5) / 2

    def test_maps_that_do_not_depend_on_the_class_have_one_half(self):
        maps, masks = random_cases(20, shape=(6, 5))
        pairs = torch.stack([masks, ~masks & (maps > -0.5)], dim=1)
        pairs[:, 1, -1, -1] = True
        found = class_sensitivity(maps[:, None], maps[:, None], pairs)
        torch.testing.assert_close(found, torch.full_like(found, 0.5), rtol=0, atol=1e-15)

    def test_the_masks_are_perfect_and_swapped_the_worst(self):
        first, second = self.PAIR[0].double()
        assert self.found(first, second) == 1
        assert self.found(second, first) == 0

    def test_the_order_of_the_objects_does_not_matter(self):
        maps, _ = random_cases(2, shape=(2, 3))
        assert self.found(*maps) == self.found(*maps.flip(0), masks=self.PAIR.flip(1))

    def test_a_map_that_is_zero_on_both_objects_has_none(self):
        middle = torch.tensor([[0, 1, 0], [0, 1, 0]])
        assert math.isnan(self.found(middle, torch.ones(2, 3)))
        assert math.isnan(self.found(torch.ones(2, 3), middle))

    def test_several_maps_of_several_images(self):
        maps, _ = random_cases(12, shape=(2, 3))
        first, second = maps.view(2, 2, 3, 2, 3)
        together = class_sensitivity(first, second, self.PAIR.expand(2, 2, 2, 3))
        assert together.shape == (2, 3)
        for i in range(2):
            for m in range(3):
                assert float(together[i, m]) == self.found(first[i, m], second[i, m])


def test_class_sensitivity_asks_for_two_disjoint_masks():
    maps, masks = torch.rand(1, 1, 2, 4), torch.zeros(1, 2, 2, 4, dtype=torch.bool)
    masks[0, 0, :, :2] = masks[0, 1, :, 1:] = True
    for wrong in (masks, masks[:, :1], masks[0]):
        with pytest.raises(ValueError, match="two disjoint objects"):
            class_sensitivity(maps, maps, wrong)


@pytest.mark.parametrize("metric", METRICS)
def test_one_map_of_each_image_is_a_column_and_any_dtype_is_measured_in_float64(metric):
    expected = metric(MAPS, MASKS)
    assert torch.equal(metric(MAPS[:, 1], MASKS), expected[:, 1:2])
    assert torch.equal(metric(maps=MAPS.numpy(), masks=MASKS.numpy()), expected)
    for dtype in (torch.float16, torch.bfloat16):
        half = MAPS.to(dtype)
        assert torch.equal(metric(half.requires_grad_(), MASKS), metric(half.detach().double(), MASKS))
    assert metric(MAPS[:0], MASKS[:0]).shape == (0, 3)

"""The interactive page shows what `attribute` finds: maps, scores, α*, and all that was credited on the way."""

import base64
import io
import json
import re

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from PIL import Image

import hostile
import igpaths as ig
from igstudy.engine.parameters import Parameters
from igstudy.engine.subjects import subjects
from igstudy.press import look

STEPS = (8, 32)
PATHS = {"straight": ig.Straight(), "guided": ig.Guided()}


@pytest.fixture(scope="module")
def network():
    (network,) = subjects(Parameters(models=("objects/mobilenet",)), output="probability", images=2)
    return network


@pytest.fixture(scope="module")
def walks(network):
    return look.walked(network, PATHS, steps=STEPS, batch_size=16, names=("one", "two"))


def opened(url):
    kind, data = url.split(",")
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")) / 255


def test_every_image_path_and_step_count_is_there(walks):
    assert set(walks) == {(name, "mobilenet", path, n) for name in ("one", "two") for path in PATHS for n in STEPS}


@pytest.mark.parametrize("path", PATHS)
def test_the_ends_are_those_of_attribute(network, walks, path):
    left = ig.Left(look.RULES["IG"], look.PSI)
    rules = {**look.RULES, look.LEFT: left}
    maps = ig.attribute(
        network.net, network.images, network.targets, path=PATHS[path], rules=tuple(rules.values()), steps=STEPS
    )
    for n in STEPS:
        for i, name in enumerate(("one", "two")):
            facts = walks[name, "mobilenet", path, n]
            assert facts["alpha"] == pytest.approx(maps.alphas[n][i].tolist(), rel=1e-3)
            assert facts["score"] == pytest.approx(maps.scores[n][i].tolist(), rel=1e-3)
            star = float(maps.alpha_star[left, n][i])
            assert facts["star"] == (None if np.isnan(star) else pytest.approx(star, rel=1e-3))
            for label, rule in rules.items():
                whole = float(maps[rule, n][i].sum())
                assert facts["rules"][label]["credit"][0] == 0
                assert facts["rules"][label]["credit"][-1] == pytest.approx(whole, rel=1e-3, abs=1e-5)


def test_idgi_credits_the_change_of_score_at_every_stop(walks):
    for facts in walks.values():
        change = [facts["score"][stop] - facts["score"][0] for stop in facts["stops"]]
        assert facts["rules"]["IDGI"]["credit"] == pytest.approx(change, abs=2e-3)


def test_pictures_show_the_way_from_the_baseline_to_the_image(network, walks):
    facts = walks["one", "mobilenet", "straight", 32]
    first, last = opened(facts["seen"][0]), opened(facts["seen"][-1])
    assert len(facts["seen"]) == look.STOPS + 1
    assert first.max() < 0.05
    assert np.abs(last - network.images[0].movedim(0, -1).numpy()).mean() < 0.04
    assert opened(facts["rules"]["IG"]["maps"][0]).shape == (look.MAP, look.MAP, 3)


def test_a_map_begins_grey_and_ends_with_its_signs():
    maps = [torch.zeros(32, 32), torch.linspace(-2, 2, 32).expand(32, 32)]
    start, end = look.grey(maps)
    assert (start == 0.5).all()
    assert (end[:, :16] < 0.5).all()
    assert (end[:, 16:] > 0.5).all()
    assert end.min() == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("shape", "small"), [((3, 8, 4), (3, 4, 2)), ((1, 3, 4), (1, 3, 4)), ((1, 9, 6), (1, 4, 3))])
def test_pictures_shrink_to_a_side_and_keep_their_average(shape, small):
    pixels = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    found = look.shrunk(pixels, 4)
    assert found.shape == small
    assert float(found.mean()) == pytest.approx(float(pixels.mean()), abs=0.05)


def test_the_page_holds_every_walk_and_every_control(walks):
    text = look.page(walks)
    data = json.loads(re.search(r'id="look-data">(.*?)</script>', text, re.DOTALL)[1])
    assert len(data["walks"]) == len(walks)
    facts = data["walks"]["one|mobilenet|straight|8"]
    assert [data["pictures"][k] for k in facts["seen"]] == walks["one", "mobilenet", "straight", 8]["seen"]
    assert len(set(data["pictures"])) == len(data["pictures"])
    assert re.findall(r'<select name="(\w+)">', text) == list(look.CONTROLS)
    assert re.findall(r'<option value=".*?" selected>(.*?)</option>', text) == [
        "one",
        "mobilenet",
        "straight",
        "IG",
        "32",
    ]


@pytest.mark.parametrize("steps", [1, 5, 16, 24, 35])
def test_any_step_count_has_stops_from_the_baseline_to_the_image(network, steps):
    found = look.walked(network, {"straight": ig.Straight()}, steps=(steps,), batch_size=16, names=("one", "two"))
    facts = found["one", "mobilenet", "straight", steps]
    assert facts["stops"][0] == 0
    assert facts["stops"][-1] == steps
    assert facts["stops"] == sorted(set(facts["stops"]))
    assert min(steps, look.STOPS) / 2 < len(facts["stops"]) - 1 <= look.STOPS
    assert len(facts["seen"]) == len(facts["stops"]) == len(facts["rules"]["IG"]["maps"])


@pytest.mark.parametrize("name", [*hostile.NAMES, "data", "two  spaces", "<!--<script>", "a</script><b>"])
def test_any_name_is_shown_and_none_is_run(walks, name):
    (_, *rest), facts = next(iter(walks.items()))
    text = look.page({(name, *rest): facts})
    page = BeautifulSoup(text.replace("<form>", "<form id=form>"), "html.parser")
    assert [script["type"] for script in page.select("script")] == ["application/json", "module"]
    assert len(page.select("img")) == 3
    assert not page.select("b, a")
    data = page.select_one("#look-data").string
    assert "<" not in data
    (option,) = page.select("select[name=image] option")
    assert option["value"] == option.text == name
    assert "|".join(map(str, (name, *rest))) in json.loads(data)["walks"]

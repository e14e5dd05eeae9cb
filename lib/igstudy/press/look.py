"""The interactive page: walks of a few images, and the HTML that shows any point of them without a server.

`walked` keeps, of each walk, the score and the gradient's norm at every point, and at up to `STOPS` stops after the
baseline a picture of the image there and of what each rule has credited so far. `page` puts walks into one piece of
HTML with its controls and ``look.js``; Vega draws the curves. Maps travel as grey pictures, 0 is the middle grey, and
the browser colours them, for a coloured picture of the same size is blurred in its colours. A network need not have
walked every image: its name can be chosen where it has.
"""

import base64
import io
import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import altair as alt
import torch
import vl_convert
from matplotlib import colormaps
from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

import igpaths as ig
from igpaths import plots
from igpaths.metrics import signed_map
from igpaths.paths import Path, Point
from igpaths.rules import Rule
from igpaths.walks import Segment
from igstudy.engine.subjects import Subject

RULES: dict[str, Rule] = {"IG": ig.IG("both"), "IDGI": ig.IDGI()}
LEFT, PSI = "Left IG", 0.9  # Split IG's part before α*, and the share of the score's way that ends it
STOPS = 16  # pictures of a walk, at most
SIDE, MAP, QUALITY = 224, 112, 75  # pixels of an image's side and of a map's, and WebP's quality
CONTROLS = ("image", "network", "path", "rule", "steps")
CURVES = (("score", "score F"), ("norm", "norm of the gradient"))
PICTURE = re.compile(r'"data:image/webp;base64,[\w+/=]*"')
Walks = dict[tuple[str, str, str, int], dict[str, Any]]  # by image, network, path and step count


class _Track:
    """What is kept of one walk of B images with N steps, while it streams by."""

    def __init__(self, steps: int, images: Tensor) -> None:
        self.stride = -(-steps // STOPS)
        self.points: list[tuple[Tensor, Tensor, Tensor]] = []  # α, score, norm: each (B,)
        self.stops: list[int] = []
        self.seen: list[Tensor] = []
        self.credit: dict[str, list[Tensor]] = {name: [] for name in (*RULES, LEFT)}
        self.sums = {name: torch.zeros_like(images) for name in self.credit}
        self.star = torch.full((len(images),), torch.nan, dtype=torch.float64)

    def add(self, segment: Segment) -> None:
        if segment.first:
            self.arrive(segment.start, stop=True)
        before, (start, end) = self.star.isnan(), segment.walk.scores
        for name, rule in RULES.items():
            self.sums[name] += rule.credit(segment).cpu()
        self.sums[LEFT] += RULES["IG"].credit(segment).cpu() * before.view(-1, 1, 1, 1)
        crossed = (end > start) & (segment.end.score > start + PSI * (end - start))
        self.star = torch.where(crossed.cpu() & before, segment.end.alpha, self.star)
        self.arrive(segment.end, stop=segment.last or len(self.points) % self.stride == 0)

    def arrive(self, point: Point, *, stop: bool) -> None:
        if stop:
            self.stops.append(len(self.points))
            self.seen.append(shrunk(point.x.cpu(), SIDE))
            for name, total in self.sums.items():
                self.credit[name].append(signed_map(total))
        self.points.append((point.alpha, point.score.cpu(), point.gradient.flatten(1).norm(dim=1).cpu()))

    def facts(self, i: int) -> dict[str, Any]:
        """All that the page shows of image `i`, as plain values."""
        alpha, score, norm = ([rounded(each[i]) for each in values] for values in zip(*self.points, strict=True))
        star = None if self.star[i].isnan() else rounded(self.star[i])
        maps = {name: [each[i] for each in held] for name, held in self.credit.items()}
        rules = {
            name: {"credit": [rounded(each.sum()) for each in held], "maps": [picture(each) for each in grey(held)]}
            for name, held in maps.items()
        }
        seen = [picture(each[i].clamp(0, 1)) for each in self.seen]
        facts = {"alpha": alpha, "score": score, "norm": norm, "star": star}
        return facts | {"stops": self.stops, "seen": seen, "rules": rules}


def walked(
    subject: Subject, paths: Mapping[str, Path], *, steps: Sequence[int], batch_size: int, names: Sequence[str]
) -> Walks:
    """The walks of a network's images along paths, each with each step count, by what the page calls them.

    Of each walk these are `alpha`, `score` and `norm` (the gradient's, in L2) at each point; `star`, α* or None;
    `stops`, the numbers of the points that have pictures, the last among them; `seen`, a picture of the image at each;
    and for IG, IDGI and Left IG what was credited up to each, `credit` in units of the score, and `maps`. A map's scale
    is that of its last stop.
    """
    found: Walks = {}
    for path_name, path in paths.items():
        tracks = {n: _Track(n, subject.images) for n in steps}
        walk = ig.walk(subject.net, subject.images, subject.targets, path=path, steps=steps, batch_size=batch_size)
        for segment in walk:
            tracks[segment.steps].add(segment)
        for n, track in tracks.items():
            found |= {(name, subject.label, path_name, n): track.facts(i) for i, name in enumerate(names)}
    return found


def rounded(value: Tensor) -> float:
    """Four digits, of which a screen shows fewer."""
    return float(f"{float(value):.4g}")


def grey(maps: Sequence[Tensor]) -> list[Tensor]:
    """Signed maps (H, W) as small grey ones in [0, 1], on the scale of the last: 0 is 1/2."""
    small = [shrunk(each[None], MAP)[0] for each in maps]
    limit = plots.percentile(small[-1].abs())
    return [(0.5 + each / (2 * limit)).clamp(0, 1) for each in small]


def shrunk(pixels: Tensor, side: int) -> Tensor:
    """(..., C, H, W), averaged to at most `side` × `side` pixels."""
    height, width = pixels.shape[-2:]
    share = min(1.0, side / max(height, width))
    return adaptive_avg_pool2d(pixels, (round(share * height), round(share * width)))


def picture(pixels: Tensor) -> str:
    """(3, H, W) or (H, W) in [0, 1] as a data URL."""
    values = (pixels.float() * 255).round().to(torch.uint8).numpy()
    image = Image.fromarray(values if values.ndim == 2 else values.transpose(1, 2, 0))
    held = io.BytesIO()
    image.save(held, "WEBP", quality=QUALITY, method=6)
    return "data:image/webp;base64," + base64.b64encode(held.getvalue()).decode()


def page(walks: Walks) -> str:
    """One piece of HTML that shows the walks, with the controls `CONTROLS` and one for α."""
    controls = zip(("image", "network", "path", "steps"), zip(*walks, strict=True), strict=True)
    choices = {"rule": [*RULES, LEFT]} | {name: list(dict.fromkeys(values)) for name, values in controls}
    own = files(__package__)
    return Template(own.joinpath("look.html").read_text(encoding="utf-8")).substitute(
        selects="".join(_select(name, [str(value) for value in choices[name]]) for name in CONTROLS),
        colours=_colours(),
        facts=_facts(walks).replace("<", "\\u003c"),  # no name of an image ends the script
        code=vl_convert.javascript_bundle(own.joinpath("look.js").read_text(encoding="utf-8")),
    )


def _facts(walks: Walks) -> str:
    """The walks, the pictures and the charts as JSON, with a picture's number in place of it wherever it is shown."""
    write = partial(json.dumps, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = write({"|".join(map(str, name)): facts for name, facts in walks.items()})
    numbers = {picture: str(number) for number, picture in enumerate(dict.fromkeys(PICTURE.findall(text)))}
    text = PICTURE.sub(lambda found: numbers[found[0]], text)
    return f'{{"walks":{text},"pictures":[{",".join(numbers)}],"charts":{write([_chart(*each) for each in CURVES])}}}'


def _select(name: str, values: Sequence[str]) -> str:
    """A list to choose from; the finest step count is chosen at first, and the first of all else."""
    first = values[-1] if name == "steps" else values[0]
    options = "".join(
        f'<option value="{escape(each)}"{" selected" * (each == first)}>{escape(each)}</option>' for each in values
    )
    return f'<label>{name}<select name="{name}">{options}</select></label>'


def _chart(column: str, title: str) -> dict[str, Any]:
    """The Vega-Lite chart of one column along the path, with a line at α and one at α*; ``look.js`` fills it."""
    at = alt.Chart(alt.NamedData("places")).encode(x="alpha:Q")
    here = at.transform_filter("datum.what == 'α'").mark_rule(color=plots.COLOURS[1], strokeWidth=2)
    star = at.transform_filter("datum.what == 'α*'").mark_rule(color="currentColor", strokeDash=[4, 3])
    curve = alt.Chart(alt.NamedData("curve")).mark_line(color=plots.COLOURS[0])
    curve = curve.encode(x=alt.X("alpha:Q", title="α"), y=alt.Y(f"{column}:Q", title=title))
    chart = alt.layer(curve, here, star).properties(width="container", height=170, background="transparent")
    inks = dict.fromkeys(("labelColor", "titleColor", "domainColor", "tickColor", "gridColor"), "currentColor")
    return chart.configure(axis=inks | {"gridOpacity": 0.2}, view={"stroke": None}).to_dict()


def _colours() -> str:
    """The functions of an SVG filter from grey to the colours of signed maps, blue below 0 and red above it."""
    table = colormaps[plots.SIGNED]([k / 16 for k in range(17)])[:, :3].T
    rows = {name: " ".join(f"{value:.3f}" for value in channel) for name, channel in zip("RGB", table, strict=True)}
    return "".join(f'<feFunc{name} type="table" tableValues="{row}"/>' for name, row in rows.items())

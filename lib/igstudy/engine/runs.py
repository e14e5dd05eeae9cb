"""The study engine: every unit of a grid computed once, here or on a cluster, whatever stops it in between.

    rows = measured(Parameters(images=8, metrics=("insertion",)))

`run` plans a study's units, computes the parts that the store lacks, and says what happened; `rows` reads the store;
`measured` does both, for a chapter. Since a part's file is written whole or not at all and is never computed while it
is there, a run that was killed goes on where it was.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from igstudy.engine import store
from igstudy.engine.computing import Report, compute
from igstudy.engine.parameters import Parameters
from igstudy.engine.scheduler import connect
from igstudy.engine.store import StoreError
from igstudy.engine.units import Unit, plan

# The images of a unit count as the parts of the unit are done, so they come in fractions
BAR = "{l_bar}{bar}| {n:.1f}/{total} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"


class StudyError(RuntimeError):
    """Parts of a study could not be computed; the message has a line for each."""


@dataclass(frozen=True)
class Run:
    """What a run did."""

    units: int  # how many the study has
    finished: int  # how many of them were there before
    computed: int  # how many parts were computed
    evaluations: int  # images that networks were asked about
    notes: tuple[str, ...]  # as in `computing.Report`, of all units
    failures: tuple[str, ...]


def run(study: Parameters) -> Run:
    """Compute all that the store lacks, with progress on stderr.

    A unit that fails is reported and the others go on; what is stored stays, also after an interruption.

    StoreError where the store cannot be written, for nothing can go on then; ValueError or OSError where a model, the
    photographs or the scheduler cannot be had.

    Examples
    --------
    >>> from igstudy.engine.runs import run
    >>> first, again = run(study), run(study)
    >>> first.failures, again.computed  # what is there is not computed again
    ((), 0)
    """
    store.prepare(study.store)
    units = plan(study)
    waiting, reports = [unit for unit in units if unit.missing], list[Report]()
    if waiting:
        options: Any = {"unit": "image", "file": sys.stderr, "smoothing": 0, "bar_format": BAR}
        total, desc = sum(unit.count for unit in waiting), f"unit 0/{len(waiting)}"
        open_units = {unit.name: 0.0 for unit in waiting}  # with the images of each that the bar has counted

        def advance(name: str, images: float) -> None:
            if name in open_units:
                open_units[name] += images
                bar.update(min(images, total - bar.n))  # by rounding it would end beyond, of which tqdm warns

        with tqdm(total=total, desc=desc, **options) as bar:
            for unit, report in _reports(study, waiting, advance):
                reports.append(report)
                rate = sum(each.evaluations for each in reports) / max(bar.format_dict["elapsed"], 1e-9)
                bar.set_description(f"unit {len(reports)}/{len(waiting)}", refresh=False)
                bar.set_postfix_str(f"{rate:.0f} evaluations/s", refresh=False)
                advance(unit.name, report.images - open_units[unit.name])
                del open_units[unit.name]
                for line in (*report.notes, *report.failures):
                    bar.write(line, file=sys.stderr)
    return Run(
        units=len(units),
        finished=len(units) - len(waiting),
        computed=sum(len(report.computed) for report in reports),
        evaluations=sum(report.evaluations for report in reports),
        notes=tuple(line for report in reports for line in report.notes),
        failures=tuple(line for report in reports for line in report.failures),
    )


def rows(study: Parameters) -> pd.DataFrame:
    """The per-image rows of a study that the store has, columns ``store.COLUMNS``; stale ones are not among them.

    Examples
    --------
    >>> from igstudy.engine.runs import measured, rows
    >>> table = measured(study)
    >>> rows(study).equals(table)  # once the study has run
    True
    """
    return store.read(there(plan(study)))


def there(units: Iterable[Unit]) -> list[Path]:
    """The files of these units that the store has."""
    return [file for unit in units for file in unit.files.values() if file.exists()]


def measured(study: Parameters) -> pd.DataFrame:
    """The per-image rows of a study, computed where the store lacks them.

    Raises
    ------
    StudyError
        Where a part could not be computed.

    Examples
    --------
    >>> from igstudy.engine.runs import measured
    >>> table = measured(study)
    >>> table.groupby("method", sort=False)["image"].nunique()
    method
    IG               2
    IG + IDGI        2
    IG, left sum     2
    IG, right sum    2
    Name: image, dtype: int64
    """
    done = run(study)
    if done.failures:
        raise StudyError("\n".join(done.failures))
    return rows(study)


def kept_maps(table: pd.DataFrame) -> dict[tuple[str, str, str], Tensor]:
    """The maps (3, H, W) that a study with `maps` above 0 kept, by network, image and method.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from igstudy.engine.runs import kept_maps, measured
    >>> kept = kept_maps(measured(replace(study, maps=1)))
    >>> sorted(method for _, _, method in kept)
    ['IG', 'IG + IDGI', 'gradient', 'Σ g²']
    """
    maps = {}
    stored = table[table["metric"] == "map"]
    facts = zip(*(stored[name] for name in ("network", "image", "method", "variant", "value", "map")), strict=True)
    for network, image, method, shape, scale, parts in facts:
        half = torch.from_numpy(np.frombuffer(parts, dtype=np.float16).copy())
        maps[network, image, method] = half.float().view([int(n) for n in shape.split("x")]) * scale
    return maps


def _reports(
    study: Parameters, units: Sequence[Unit], advance: Callable[[str, float], None]
) -> Iterator[tuple[Unit, Report]]:
    """Each unit with its report, as it is done; `advance` is told of each part how many of a unit's images it is."""
    images = {unit.name: unit.count / max(1, len(unit.missing)) for unit in units}
    if not study.scheduler:
        waiting = list(units)
        for wait in (False, True):  # first what no other run is at
            for unit in list(waiting):
                with store.claimed(unit.folder, wait=wait) as is_free:
                    if is_free:
                        waiting.remove(unit)
                        yield unit, _guarded(study, unit, partial(advance, unit.name, images[unit.name]))
        return
    with connect(study.scheduler, threads=study.threads) as workers:
        # Workers may run in other folders.
        study = replace(
            study, results=str(study.store.resolve()), data=str(study.folder.resolve()) if study.folder else ""
        )
        topic = workers.client.id
        workers.client.subscribe_topic(topic, lambda event: advance(event[1], images[event[1]]))
        futures = {workers.client.submit(_alone, study, unit, topic, pure=False): unit for unit in units}
        for future in workers.done(futures):
            if future.status == "finished":
                yield futures[future], future.result()
            elif isinstance(error := future.exception(), StoreError):
                raise error
            else:
                unit = futures[future]
                yield unit, _report(unit, f"{unit.name}: {type(error).__name__}: {error}")


def _alone(study: Parameters, unit: Unit, topic: str) -> Report:
    """The unit's report, computed by a worker when no other run is at it; each part is an event of the topic."""
    from distributed import get_worker

    with store.claimed(unit.folder, wait=True):
        return _guarded(study, unit, partial(get_worker().log_event, topic, unit.name))


def _guarded(study: Parameters, unit: Unit, tick: Callable[[], object]) -> Report:
    """The unit's report, also where it cannot be computed; a store that cannot be written stops the run."""
    try:
        return compute(study, unit, tick=tick) if unit.missing else _report(unit)
    except StoreError:
        raise
    except Exception as error:
        return _report(unit, f"{unit.name}: {type(error).__name__}: {error}")


def _report(unit: Unit, *failures: str) -> Report:
    return Report((), unit.count, 0, (), failures)

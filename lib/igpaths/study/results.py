"""What a study found, in sizes fit for a repository: per-image values, their averages, and their provenance.

results/<study>/values.parquet   every value of every image, without curves and maps
results/<study>/summary.csv      n, average and 95 % interval of each method, step count, sign, metric and variant
results/<study>/left-out.csv     how many images are not counted, by reason
results/<study>/provenance.json  parameters, commit, versions, device, threads, time, evaluations, notes
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from igpaths.study import store
from igpaths.study.engine import there
from igpaths.study.parameters import Parameters
from igpaths.study.quality import AVERAGES
from igpaths.study.schema import refusal
from igpaths.study.statistics import bootstrap
from igpaths.study.units import plan

GROUPS = ["protocol", "network", "path", "method", "steps", "sign", "metric", "variant"]
VALUES = pa.schema([field for field in store.SCHEMA if field.name not in ("curve", "map")])


def publish(study: Parameters, folder: Path) -> list[Path]:
    """Write the results of a study that has run into `folder`, and return the files.

    Raises
    ------
    ValueError
        Where the study has not run to its end: half of it would pass for the whole.
    StoreError
        Where the folder cannot be written.
    """
    units = plan(study)
    missing = sum(len(unit.missing) for unit in units)
    if missing:
        parts = sum(len(unit.files) for unit in units)
        raise ValueError(f"{missing} of {parts} parts are not computed yet: python -m igpaths run computes them")
    store.prepare(folder)
    files = [folder / name for name in ("values.parquet", "summary.csv", "left-out.csv", "provenance.json")]
    summaries, exclusions = [], []
    with pq.ParquetWriter(files[0], VALUES, compression="zstd", compression_level=19) as values:
        for model in study.models:  # one at a time, for a large study does not fit into memory
            its = [file for unit in units if unit.model == model for file in unit.files.values()]
            found = store.read(its, columns=VALUES.names)
            found = found[found["metric"] != "map"]
            values.write_table(pa.Table.from_pandas(found, schema=VALUES, preserve_index=False))
            summaries.append(summary(found))
            exclusions.append(left_out(found))
    pd.concat(summaries).to_csv(files[1], index=False, float_format="%.6g")
    pd.concat(exclusions).to_csv(files[2], index=False)
    facts = merged([store.facts(file) for file in there(units)])
    files[3].write_text(json.dumps({"parameters": study.as_dict(), **facts}, indent=1, ensure_ascii=False) + "\n")
    return files


def published(*names: str) -> pd.DataFrame:
    """The values of published studies, of all or of those that are named; the column "study" says which.

    Raises
    ------
    ValueError
        For a name that is not there.
    """
    folder = Parameters(results="results").store
    there = {file.parent.name: file for file in sorted(folder.glob("*/values.parquet"))}
    for name in names:
        if name not in there:
            raise refusal("published study", name, ", ".join(there), tuple(there))
    frames = [pq.read_table(there[name]).to_pandas().assign(study=name) for name in names or there]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*VALUES.names, "study"])


def left_out(found: pd.DataFrame) -> pd.DataFrame:
    """How many images each metric leaves out on each path, by reason."""
    names = ["protocol", "network", "path", "metric", "variant", "left_out"]
    out = found[found["left_out"] != ""].groupby(names)["image"].nunique()
    return out.rename("images").reset_index()


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """n, average and 95 % interval over the counted images of every group: the median of SIC, the mean of all else.

    Intervals resample photographs, which scenes share.
    """
    counted = found[found["left_out"] == ""]
    lines = []
    for group, part in counted.groupby(GROUPS, sort=False):
        named = dict(zip(GROUPS, group, strict=True))
        statistic = AVERAGES.get(str(named["metric"]), "mean")
        estimate = bootstrap(part["value"], statistic=statistic, clusters=tuple(part["photograph"]))
        lines.append(
            named
            | {
                "statistic": statistic,
                "n": estimate.n,
                "value": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
            }
        )
    return pd.DataFrame(lines, columns=[*GROUPS, "statistic", "n", "value", "low", "high"])


def merged(facts: list[dict[str, Any]]) -> dict[str, Any]:
    """The provenance of many files: what they agree on as it is, what differs as the list of all that there is."""
    found: dict[str, Any] = {}
    for name in ("commit", "versions", "device", "threads", "precision"):
        different = list({json.dumps(each[name]): each[name] for each in facts}.values())
        found[name] = different[0] if len(different) == 1 else different
    dates = sorted(each["date"] for each in facts)
    found |= {"from": dates[0], "to": dates[-1]}
    found |= {name: sum(each[name] for each in facts) for name in ("seconds", "evaluations")}
    return found | {"notes": sorted({note for each in facts for note in each["notes"]})}

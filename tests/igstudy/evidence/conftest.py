"""A small study of photographs that has run and is published, for the tests of what is published."""

import pytest

from igstudy.engine.runs import run
from igstudy.evidence.results import publish
from studies import WNIDS, photographs, study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = photographs(tmp_path_factory.mktemp("photos"))
    (folder / "val" / WNIDS[3] / "damaged.png").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def chosen(folder):
    chosen = study(folder, images=7)
    run(chosen)
    return chosen


@pytest.fixture(scope="module")
def folder_of_results(chosen, folder):
    publish(chosen, folder / "published")
    return folder / "published"

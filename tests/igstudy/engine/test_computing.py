"""A unit is computed for what it was planned for, and what is not finite on the way is named."""

import shutil

import pytest
import torch
from PIL import Image
from torch import nn

from igpaths.arguments import NotFinite
from igpaths.metrics import insertion
from igstudy.engine import store
from igstudy.engine.computing import compute
from igstudy.engine.parameters import Parameters
from igstudy.engine.runs import rows, run
from igstudy.engine.units import plan
from studies import WNIDS, photographs, small, study

OWN = """
import os
from pathlib import Path
import torch
from studies import small

def network():
    model = small()
    with torch.no_grad():
        model.network[-1].bias.add_(float(Path(os.environ["OWN_BIAS"]).read_text()))
    return model
"""


@pytest.fixture
def folder(tmp_path):
    return photographs(tmp_path / "photos")


class TestChanged:
    """Between the plan and the computation, which may be hours."""

    def test_a_photograph(self, folder):
        chosen = study(folder, paths=("straight",), metrics=("completeness",))
        units = plan(chosen)
        photograph, other = (sorted((folder / "val" / wnid).iterdir())[0] for wnid in WNIDS[:2])
        shutil.copy(other, photograph)
        (failed,) = (unit for new, unit in zip(plan(chosen), units, strict=True) if new.files != unit.files)
        with pytest.raises(ValueError, match="its network or images have changed since the study was planned: run it"):
            compute(chosen, failed)
        assert not any(file.exists() for file in failed.files.values())
        assert not run(chosen).failures

    def test_a_file_that_the_readers_network_reads(self, folder, tmp_path, monkeypatch):
        (tmp_path / "own_bias.py").write_text(OWN)
        (tmp_path / "bias.txt").write_text("0")
        monkeypatch.setenv("OWN_BIAS", str(tmp_path / "bias.txt"))
        monkeypatch.syspath_prepend(tmp_path)
        chosen = study(folder, models=("module:own_bias.network",), paths=("straight",), metrics=("completeness",))
        unit = plan(chosen)[0]
        (tmp_path / "bias.txt").write_text("1e-6")
        with pytest.raises(ValueError, match="have changed since the study was planned"):
            compute(chosen, unit)
        assert unit.files.keys() == plan(chosen)[0].files.keys()
        assert not set(unit.files.values()) & set(plan(chosen)[0].files.values())


class Shy(nn.Module):
    """A network that has no answer where all is black."""

    def __init__(self):
        super().__init__()
        self.network = small().network

    def forward(self, x):
        return torch.where((x.amax((1, 2, 3)) <= -1.99).view(-1, 1), torch.nan, self.network(x))


class TestNotFinite:
    def test_on_the_way_the_image_the_alpha_and_the_path_are_named(self, folder):
        white = sorted((folder / "val" / WNIDS[0]).iterdir())[0]
        Image.new("RGB", (48, 48), (255, 255, 255)).save(white)
        chosen = study(folder, models=("module:studies.fussy",), paths=("straight",), metrics=("completeness",))
        what = "scores, gradients or maps that are not finite at α = 1 (straight)"
        assert run(chosen).notes == (f"fussy: {WNIDS[0]}/{white.name} has {what}",)

    def test_of_a_canvas_the_images_and_the_part_are_named(self, folder, monkeypatch):
        import studies

        def shy():
            model = small()
            return type(model)("shy", Shy(), model.mean, model.std, model.prepare)

        monkeypatch.setattr(studies, "shy", shy, raising=False)
        chosen = study(folder, models=("module:studies.shy",), paths=("blur",), metrics=("insertion",), images=2)
        done = run(chosen)
        assert not done.failures
        names = [f"{wnid}/{sorted((folder / 'val' / wnid).iterdir())[0].name}" for wnid in WNIDS[:2]]
        expected = {
            f"shy: {name} has answers that are not finite ({source}.insertion.igpaths)"
            for name in rows(chosen)["image"].unique()
            for source in ("blur", "controls")
        }
        assert set(done.notes) == expected
        assert len(names) == 2
        found = rows(chosen)
        assert set(found["left_out"]) <= {"undefined", "misclassified"}
        assert found["value"].isna().all()

    def test_a_metric_of_the_library_says_so(self):
        model = small()
        net = type(model)("shy", Shy(), model.mean, model.std).classifier(output="probability")
        x = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
        words = "the network's answer to image 0 with a share 0 of its pixels revealed is not finite; the curves of im"
        with pytest.warns(NotFinite, match=words) as warned:
            revealed = insertion(net, x, 0, torch.rand(2, 1, 16, 16))
        assert warned[0].message.images == [0, 1]
        assert revealed.probability[..., 0].isnan().all()
        assert revealed.probability[..., 1:].isfinite().all()


def test_provenance_says_how_many_norms_are_folded(tmp_path):
    chosen = Parameters(
        models=("objects/resnet",), images=1, paths=("straight",), steps=(2,), metrics=("completeness",),
        protocols=("igpaths",), results=str(tmp_path),
    )  # fmt: skip
    assert not run(chosen).failures
    (unit,) = plan(chosen)
    assert {store.facts(file)["norms folded"] for file in unit.files.values()} == {13}

"""What `from igpaths import metrics` costs, and that no module hides behind a function of its name."""

import pkgutil
import subprocess
import sys

import pytest

from igpaths import metrics

HEAVY = ("PIL", "matplotlib", "scipy", "skimage", "threadpoolctl", "torchvision")


def test_nothing_heavy_is_imported_before_it_is_needed():
    program = "import sys, igpaths; from igpaths import metrics; metrics.insertion; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "igpaths.metrics.reveal" in loaded
    assert {name.partition(".")[0] for name in loaded} & {*HEAVY} == set()


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(metrics.__path__)])
def test_a_module_of_metrics_is_a_module(name):
    assert getattr(metrics, name).__name__ == f"igpaths.metrics.{name}"

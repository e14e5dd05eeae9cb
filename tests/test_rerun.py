"""The page "Run it yourself", followed word by word: every block of it is run, or checked as far as this machine goes.

A test takes the blocks that it follows by how they start, and `test_every_block_is_followed` fails for one that no
test takes. What is run is the page's own text in a project like this one, apart from what a test hands to `changed`,
and from the smaller numbers that `SMALL` puts into the parameter files that the page names.
"""

import importlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path

import dask
import nbformat
import numpy as np
import papermill
import pytest
import torch
import yaml
from bench import plan
from jupytext.cli import jupytext
from PIL import Image
from torchvision.models import resnet18

import igpaths as ig
from igpaths.__main__ import main as igpaths
from igstudy.__main__ import main as igstudy
from igstudy.engine.cluster import Cluster, job_script, read_cluster
from igstudy.engine.parameters import Parameters, read
from igstudy.engine.runs import rows
from igstudy.engine.scheduler import connect
from igstudy.press import chapters
from igstudy.tasks.folders import read_folder
from problems import small_network
from studies import photographs, picture

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "book" / "rerun.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w+\n(.*?)^```", PAGE, re.M | re.S)
OWN = {"models": ["module:studies.small"], "images": 2, "steps": [2, 4], "shard": 2, "threads": 1, "device": "cpu"}
QUICK = {"paths": ["straight"], "metrics": ["completeness"], "protocols": ["igpaths"]}
SMALL = {
    "objects": {"models": ["objects/mobilenet"], "images": 2, "steps": [2, 4], "shard": 1, **QUICK},
    "imagenet": {**OWN, **QUICK},
    "objects-paired": {"models": ["objects/narrow-plain-0"], "paths": ["straight"], "scheduler": ""},
    "objects-logit": {"models": ["objects/mobilenet"], "paths": ["straight"], "scheduler": ""},
    "imagenet-sample": {**OWN, "scheduler": ""},
    "smoke": {**OWN, "task": "imagenet"},
}
FOLLOWED = []


def block(start):
    """The text of the block that starts with these lines; at import, so that all are known before any test runs."""
    (text,) = [text for text in BLOCKS if text.startswith(f"{start}\n")]
    FOLLOWED.append(text)
    return text


def changed(text, changes):
    """The text with what a test must change of it."""
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def commands(text):
    """The commands of a console block."""
    return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]


def call(command):
    """Run ``.venv/bin/python -m MODULE …`` here, and return its exit status."""
    program, option, module, *arguments = shlex.split(command)
    assert (program, option) == (".venv/bin/python", "-m")
    return {"igpaths": igpaths, "igstudy": igstudy}[module](arguments)


def made(command):
    """What a ``make`` command would run, with the values that it hands on by the environment."""
    program, *words = shlex.split(command)
    assert program == "make"
    printed = subprocess.run(["make", "--dry-run", *words], capture_output=True, text=True, check=True).stdout
    given = {"PARAMS": "params/objects.yaml"} | dict(word.split("=", 1) for word in words if "=" in word)
    lines = [line for line in printed.splitlines() if line.startswith(".venv/")]
    return [re.sub(r"\$(\w+)", lambda name: given[name[1]], line) for line in lines]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with this one's pages and parameter files, in which SMALL has its say, and six photographs of noise."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "_toc.yml", "_config.yml", "jupytext.toml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "book", folder / "book")
    (folder / "params").mkdir()
    data = photographs(folder / "photographs")
    for file in (ROOT / "params").glob("*.yaml"):
        given = yaml.safe_load(file.read_text()) | SMALL.get(file.stem, {})
        (folder / "params" / file.name).write_text(yaml.safe_dump(given))
    binaries = folder / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name, module in {"python": "", "dask": "-m dask", "papermill": "-m papermill"}.items():
        (binaries / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module} "$@"\n')
        (binaries / name).chmod(0o755)
    (folder / ".venv" / "ready").touch()
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.chdir(folder)
        patch.setenv("IGPATHS_DATA", str(data))
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT / "lib", ROOT / "tests"))))
        patch.syspath_prepend(folder)
        stack.callback(importlib.invalidate_caches)
        yield folder


@pytest.fixture
def dog(project):
    """A photograph of noise, of the page's name."""
    pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save("dog.jpg")


@pytest.fixture
def executed(monkeypatch):
    """Chapters are run, and not rendered, which tests/igstudy/press sees to."""
    monkeypatch.setattr(chapters, "build_page", lambda page, tree: tree)
    monkeypatch.setattr(chapters, "check", lambda html, expected: None)


BOOK = block("$ make book")


@pytest.mark.usefixtures("project")
def test_the_book_and_its_quick_look_are_commands_with_parameters_that_are_allowed():
    (inline,) = re.findall(r"`(make book PARAMS=\S+)`", PAGE)
    for command, name in ((*commands(BOOK), "objects"), (inline, "smoke")):
        (line,) = made(command)
        assert shlex.split(line)[1:] == ["-m", "igstudy", "book", f"--params=params/{name}.yaml"]
        chosen = read(f"params/{name}.yaml")
        own = [page.parameters(chosen) for page in chapters.pages(Path.cwd()) if page.is_chapter]
        assert {"images": SMALL[name]["images"]}.items() <= max(own, key=len).items()


RUN = block("$ make run CHAPTER=06-split-ig PARAMS=params/imagenet-sample.yaml")


@pytest.mark.usefixtures("executed")
def test_one_chapter_is_run_on_photographs(project):
    (command,) = commands(RUN)
    (line,) = made(command)
    assert call(line) == 0
    notebook = nbformat.read("_build/runs/imagenet-sample/book/06-split-ig.ipynb", as_version=4)
    (parameters,) = [cell for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", ())]
    assert 'models = ["module:studies.small"]' in parameters.source


OTHER = block("$ .venv/bin/python -m igstudy chapter 06-split-ig -p images 16 -p models '[objects/resnet]'")


def test_a_single_value_is_changed(project, monkeypatch):
    seen = {}
    monkeypatch.setattr(chapters, "execute", lambda page, chosen, tree: seen.update(page.parameters(chosen)))
    monkeypatch.setattr(chapters, "build_page", lambda page, tree: tree)
    monkeypatch.setattr(chapters, "check", lambda html, expected: None)
    (command,) = commands(OTHER)
    assert call(command) == 0
    assert (seen["images"], seen["models"]) == (16, ["objects/resnet"])


STUDY = block("$ .venv/bin/python -m igstudy run params/objects.yaml")


def test_a_study_is_run_asked_about_and_published(project, capsys):
    for command in commands(STUDY):
        assert call(command) == 0
    printed = capsys.readouterr().out
    assert "what was found: python -m igstudy table params/objects.yaml" in printed
    assert "objects/mobilenet: 2 of 2 units complete; 2 images" in printed
    assert "objects/mobilenet: 2 of 2 units, " in printed
    assert {file.name for file in (project / "_build" / "published" / "objects").iterdir()} == {
        "values.parquet", "summary.parquet", "provenance.json",
    }  # fmt: skip


def table(heading):
    """The names in the first column of the table below a heading."""
    lines = PAGE[PAGE.index(heading) :].split("\n\n| ")[1].split("\n\n")[0].splitlines()[2:]
    return [name for row in lines for name in re.findall(r"`([\w-]+)`", row.split("|")[1])]


def test_the_tables_name_every_parameter_and_every_metric():
    assert table("## One chapter") == [*Parameters().as_dict()]
    assert sorted(table("## A study without")) == sorted(importlib.import_module("igstudy.measures").MEASURES)


LOCAL = block("$ .venv/bin/python -m igstudy run params/objects.yaml -p scheduler local:2")


def test_two_processes_do_a_study(project, capsys):
    shutil.rmtree("_build/results", ignore_errors=True)  # another command asks for the same
    (command,) = commands(LOCAL)
    assert call(command) == 0
    assert "2 units, 0 of them there before" in capsys.readouterr().out


DASK = block("$ .venv/bin/dask scheduler --host host --port 8786")


def test_a_running_dask_scheduler_does_a_study(project, capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"--host host": "--host 127.0.0.1 --dashboard-address 127.0.0.1:0", "tcp://host": "tcp://127.0.0.1"}
    *servers, run = commands(changed(DASK, own | {"8786": str(port), "OMP_NUM_THREADS=2": "OMP_NUM_THREADS=1"}))
    with ExitStack() as stack:
        for server in servers:
            log = stack.enter_context(Path("dask.log").open("a"))
            process = stack.enter_context(subprocess.Popen(f"exec env {server}", shell=True, stdout=log, stderr=log))
            stack.callback(process.terminate)
        assert call(f"{run} -p seed 1 -p images 1") == 0, Path("dask.log").read_text()
    assert "1 unit, 0 of them there before" in capsys.readouterr().out


CLUSTER = block("# cluster.yaml; the first three are required")
JOBS = block("$ .venv/bin/python -m igstudy run params/imagenet.yaml -p scheduler cluster:cluster.yaml")
SITE = block("gpus: 0")


def test_a_cluster_is_given_the_jobs_that_the_file_describes(project, monkeypatch):
    (command,) = commands(JOBS)
    *_, params, _, _, address = shlex.split(command)
    assert read(params, scheduler=address).scheduler == "cluster:cluster.yaml"
    Path("cluster.yaml").write_text(CLUSTER)
    described = read_cluster("cluster.yaml")
    assert (described.workers, described.queue, described.python) == (4, "gpu", ".venv/bin/python")
    job = job_script(described, {}).splitlines()  # which also brings in dask-jobqueue's own configuration
    for line in ("#SBATCH -p gpu", "#SBATCH -A physics", "#SBATCH --gres=gpu:1", "#SBATCH -t 04:00:00"):
        assert line in job
    assert "module load cuda" in job
    Path("cluster.yaml").write_text(changed(CLUSTER, {"workers: 4": "workers: 1", "[module load cuda]": "[true]"}))
    start = 'cp "$1" job.sh; setsid bash job.sh &>job.log & echo "Submitted batch job $!"'
    for name, text in {
        "sbatch": f'[ "$1" = --test-only ] && exec cat >tested.sh\n{start}',
        "scancel": 'kill -- "-$1"; echo "$1" >cancelled',
    }.items():
        Path(name).write_text(f"#!/bin/bash\ncd {project}\n{text}\n")
        Path(name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{project}:{os.environ['PATH']}")
    with dask.config.set({"jobqueue.slurm.interface": "lo"}), connect(address, threads=1) as workers:
        group = workers.client.submit(lambda: os.getpgid(0)).result(timeout=60)
    assert int(Path("cancelled").read_text()) == group
    assert "#SBATCH -t 04:00:00" in Path("tested.sh").read_text()


def test_a_site_with_wishes_of_its_own_has_them(tmp_path):
    file = tmp_path / "cluster.yaml"
    file.write_text(f"workers: 1\ntime: 01:00:00\ncores: 8\nlogs: {tmp_path}\n{SITE}")
    job = job_script(read_cluster(file), {}).splitlines()
    assert job[-1].endswith("--death-timeout 600")
    assert "#SBATCH --gpus-per-node=a100:1" in job
    assert not [line for line in job if "--cpus-per-task" in line]
    assert "cpus-per-task" in job_script(replace(read_cluster(file), skip=()), {})


def test_the_table_of_a_cluster_names_every_key():
    assert table("## More than one process") == [field.name for field in fields(Cluster)]


PLAN = block("$ .venv/bin/python -m igstudy run params/imagenet.yaml -p images 64")


def test_a_large_study_is_planned_by_a_few_images(project, capsys):
    run, planned = commands(changed(PLAN, {"-p images 64": "-p images 2"}))
    assert call(run) == 0
    assert call(planned) == 0
    printed = capsys.readouterr().out
    assert re.search(r"module:studies.small: \S+ gradients and \S+ forward passes a second on ", printed)
    assert re.search(r"  by 2 images, .* 35000 images: \S+ evaluations, \S+ hours", printed)


PAPER = block("$ .venv/bin/python -m bench.plan --images 35000 --tflops 20 --cores 16 --workers 8")


def test_the_plan_on_paper_follows_from_its_two_measurements(monkeypatch, capsys):
    """What one image takes is counted elsewhere (tests/test_bench.py); here its numbers are read off the page."""
    (command,), (_, *lines) = commands(PAPER), PAPER.splitlines()
    gradients, forwards, encodings = map(int, re.findall(r"\d+", lines[0]))
    hours, gib = int(re.search(r"PNG: (\d+) core", PAPER)[1]), int(re.search(r"at most (\d+) GiB", PAPER)[1])
    counts = Counter(completeness=gradients, information=encodings, insertion=forwards - encodings)
    monkeypatch.setattr(plan, "counted", lambda folder: (counts, round(gib * 2**30 / 350000)))
    monkeypatch.setattr(plan, "encoding", lambda: hours * 3600 / 350000 / encodings)
    program, option, module, *arguments = shlex.split(command)  # as a file its folder's profile.py hides Python's own
    assert (program, option, module) == (".venv/bin/python", "-m", plan.__name__)
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    plan.main()
    assert capsys.readouterr().out.splitlines() == lines


IMAGE = block(
    "$ .venv/bin/python -m igpaths explain dog.jpg --model torchvision/resnet50:IMAGENET1K_V2 "
    "--path straight --path guided --rule ig --rule idgi"
)
FILES = block(
    "$ .venv/bin/python -m igpaths explain dog.jpg --model torchvision/resnet50:IMAGENET1K_V2 "
    "--rule left --rule right --out dog.npz --out dog.pdf"
)
NUMBERS = block("import numpy as np")


@pytest.mark.usefixtures("dog")
def test_an_image_is_explained_and_its_numbers_are_read():
    own = {"torchvision/resnet50:IMAGENET1K_V2": "module:studies.small"}
    for text in (IMAGE, FILES):
        (command,) = commands(changed(text, own))
        assert call(f"{command} --steps 4") == 0
    assert Path("dog-map.png").is_file()
    assert Path("dog.pdf").is_file()
    names = {}
    exec(compile(NUMBERS, "rerun.md", "exec"), names)
    found = names["found"]
    assert found["maps"].shape == (1, 2, 3, 32, 32)
    assert found["scores"].shape == found["alphas"].shape == (1, 5)
    assert found["alpha_star"].shape == (1,)
    assert found["completeness_gap"].shape == (1, 2)
    assert set(re.findall(r'found\["(\w+)"\]', NUMBERS)) <= set(found)


FORMS = block("photos/val/red kite/IMG 1.jpg         class folders of any names, in val/ or in photos/ itself")
LABELS = block("file,label")
SYNSETS = block("folder/synsets.txt")
NETWORK = block("import torch\nfrom torchvision.models import resnet18")
MINE = block("task: folder")
OWN_STUDY = block("$ .venv/bin/python -m igpaths explain dog.jpg --model module:mine.network")
GREY = block("def grey():")
KITES = ("kestrel", "red kite", "sparrowhawk")
TINY = {
    "net = resnet18(num_classes=3)": "net = small_network(torch.float32, classes=3)",
    "photo, 256), 224": "photo, 40), 32",
    "import resnet18": "import resnet18\nfrom problems import small_network",
}


@pytest.fixture
def photos(project):
    """Photographs of the page's three classes, in folders."""
    shutil.rmtree("photos", ignore_errors=True)
    for number, name in enumerate(KITES):
        Path("photos/val", name).mkdir(parents=True)
        picture(80 * number, (60, 50 + number)).save(f"photos/val/{name}/IMG {number}.jpg")
    yield project / "photos"
    shutil.rmtree("photos")


@pytest.mark.usefixtures("dog", "executed", "photos")
def test_a_network_and_a_folder_of_ones_own(capsys):
    torch.save(small_network(torch.float32, classes=3).state_dict(), "mine.pt")
    grey = changed(GREY, {'photo.convert("L"), 256), 224': 'photo.convert("L"), 40), 32'})
    Path("mine.py").write_text(f"{changed(NETWORK, TINY)}\n\n{grey}")
    Path("mine.yaml").write_text(changed(MINE, {"images: 100": "images: 3\nthreads: 1", "[10, 50, 200]": "[1, 2, 4]"}))
    explained, run, shown, chapter = commands(OWN_STUDY)
    assert call(f"{explained} --steps 4 --target 'red kite'") == 0
    assert "red kite (class 1), probability" in capsys.readouterr().out
    assert call(run) == 0
    assert "1 unit, 0 of them there before" in capsys.readouterr().out
    assert set(rows(read("mine.yaml"))["image"]) == {f"{name}/IMG {number}.jpg" for number, name in enumerate(KITES)}
    assert call(shown) == 0
    assert "module:mine.network: 1 of 1 unit complete; 3 images" in capsys.readouterr().out
    (line,) = made(chapter)
    assert call(line) == 0
    assert call(f"{run} -p models '[module:mine.grey]'") == 0
    assert "0 failures" in capsys.readouterr().out


def test_a_file_with_another_number_of_classes_is_a_name(tmp_path):
    torch.save(resnet18(num_classes=3).state_dict(), tmp_path / "mine.pt")
    (name,) = re.findall(r"`(torchvision/resnet18\S+@)mine.pt`", PAGE)
    assert ig.load_model(f"{name}{tmp_path / 'mine.pt'}").network.fc.out_features == 3
    names = re.findall(r"^- `(\S+?)`|or `(timm/\S+?)`:", PAGE, re.M)
    listed = [name for pair in names for name in pair if name]
    others = [name for name in listed if not name.startswith("objects/")]
    assert len(listed) == 7
    assert Parameters(task="photographs", models=others).models == tuple(others)


def test_folders_have_the_forms_of_the_page(project, photos):
    in_folders, beside, alone = (line.split("  ")[0] for line in FORMS.splitlines())
    assert Path(in_folders).parent.is_dir()
    assert list(read_folder(photos, imagenet=False).classes) == list(KITES)
    shutil.rmtree(photos / "val")
    image, table = beside.split(", ")
    assert image == alone
    for name in (image, image.replace("1", "2")):
        picture().save(name)
    assert {each.label for each in read_folder(photos, imagenet=False).photographs} == {""}
    Path(table).write_text(LABELS)
    there = read_folder(photos, imagenet=False)
    assert [each.label for each in there.photographs] == ["red kite", "kestrel, Falco tinnunculus"]


def test_a_folder_has_the_form_of_imagenet(project, dog):
    shutil.copytree("photographs", "folder")
    listed, photograph = SYNSETS.splitlines()
    wnid, name = Path(photograph).parts[2:]
    Path(photograph).parent.mkdir(parents=True)
    shutil.copy("dog.jpg", photograph)
    with Path(listed).open("a") as file:
        file.write(f"{wnid}\ttench, Tinca tinca\n")
    there = read_folder("folder", imagenet=True)
    assert f"{wnid}/{name}" in {each.name for each in there.photographs}
    assert there.classes[wnid] == "tench, Tinca tinca"


LIBRARY = block("import igpaths as ig")
METRICS = block("from igpaths.metrics import area, insertion")


def test_the_library_does_what_its_comments_say():
    names = {}
    for example in (LIBRARY, changed(METRICS, {'canvas="black"': 'canvas="black", shares=(0, 0.5, 1)'})):
        exec(compile(example, "rerun.md", "exec"), names)
    maps = names["maps"]
    assert maps[ig.IDGI(), 64].shape == (4, 3, 176, 176)
    assert maps.scores[64].shape == (4, 65)
    assert maps.evaluations == 65
    assert names["ranking"].shape == (4, 3, 176, 176)
    assert names["area"](names["revealed"].shares, names["revealed"].probability).shape == (4, 3)


def test_the_table_names_what_the_library_has():
    found = re.findall(r"^\| (networks|paths|rules|controls|reading|metrics) \| (.*) \|$", PAGE, re.M)
    places = {*ig.__all__, *vars(ig.metrics)}
    named = [name for _, text in found for name in re.findall(r"`(?:metrics\.)?(\w+)(?:\(.*?\))?`", text)]
    assert len(found) == 6
    assert set(named) <= places
    assert set(ig.__all__) <= {*named, "Attributions", "Explanation", "metrics", "plots"}


GPU = block("$ .venv/bin/python -m igstudy run params/objects.yaml -p device cuda -p batch_size 64")


def test_a_gpu_is_a_parameter(project, monkeypatch):
    (command,) = commands(GPU)
    seen = []
    monkeypatch.setattr("igstudy.commands.run", lambda study, table: seen.append(study) or 0)
    assert call(command) == 0
    assert (seen[0].device, seen[0].batch_size) == ("cuda", 64)
    if not torch.cuda.is_available():
        pytest.skip("no GPU: the command is read, and not run")
    monkeypatch.undo()
    assert call(command) == 0


PAPERMILL = block("$ make notebooks")


def test_notebooks_run_under_plain_papermill(project):
    notebooks, mill = commands(PAPERMILL)
    (line,) = made(notebooks)
    assert call(line) == 0
    program, source, target, option, params = shlex.split(mill)
    assert (program, option) == (".venv/bin/papermill", "-f")
    papermill.execute_notebook(source, target, parameters=yaml.safe_load(Path(params).read_text()), progress_bar=False)
    assert nbformat.read("out.ipynb", as_version=4).metadata.papermill.exception is None


LAB = block("$ .venv/bin/pip install jupyterlab")
SYNC = block("$ .venv/bin/jupytext --sync _build/notebooks/06-split-ig.ipynb")


def test_an_edited_notebook_becomes_the_text_with_that_edit_alone(project):
    install, lab = commands(LAB)
    assert shlex.split(install)[1:] == ["install", "jupyterlab"]
    assert shlex.split(lab)[1:] == ["lab"]  # started here: it looks for jupytext.toml no higher
    assert (ROOT / "jupytext.toml").is_file()
    (command,) = commands(SYNC)
    program, option, source = shlex.split(command)
    assert (program, option) == (".venv/bin/jupytext", "--sync")
    text = Path("book", Path(source).stem).with_suffix(".md")
    before = text.read_text()
    chapters.write_notebooks(project, Path(source).parent)
    notebook = nbformat.read(source, as_version=4)
    notebook.metadata |= {"widgets": {"state": {}}, "language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    for count, cell in enumerate(notebook.cells):
        cell.metadata |= {"editable": True, "trusted": True, "slideshow": {"slide_type": ""}}
        if cell.cell_type == "code":
            cell.metadata |= {"scrolled": True, "execution": {}, "jupyter": {"outputs_hidden": True}}
            cell.execution_count = count + 1
            cell.outputs = [nbformat.v4.new_output("stream", text="said\n")]
    old = notebook.cells[0].source
    notebook.cells[0].source = f"{old}\n\nOne sentence more."
    nbformat.write(notebook, source)
    os.utime(text, (1, 1))
    jupytext([option, source, "--quiet"])
    assert text.read_text() == before.replace(old, f"{old}\n\nOne sentence more.", 1)
    assert before.count("One sentence more.") == 0


CHECK = block("$ .venv/bin/python -m igstudy check params/objects-paired.yaml")


def test_a_machine_finds_what_is_published(project, capsys):
    one, two = commands(CHECK)
    for name in ("objects-paired", "objects-logit"):
        shutil.copytree(ROOT / "results" / name, Path("results", name))
    for command, images in ((one, "1 image"), (two, "2 images")):
        assert call(command) == 0
        told = capsys.readouterr().out
        assert f"{images} computed again" in told
        same, every = map(int, re.search(r"(\d+) of (\d+) values? of straight", told).groups())
        assert 0.9 * every <= same


MODELS = block("$ make models")


def test_the_networks_are_trained_by_their_module(project):
    (line,) = made(*commands(MODELS))
    assert shlex.split(line) == [".venv/bin/python", "-m", "igstudy.tasks.training"]
    assert callable(importlib.import_module("igstudy.tasks.training").main)


def test_every_block_is_followed():
    assert sorted(FOLLOWED) == sorted(BLOCKS)

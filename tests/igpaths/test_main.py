"""The command line on a real network: the files, the lines, and what is said of every bad input."""

import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms.functional import to_pil_image

import igpaths as ig
from igpaths.__main__ import main
from igpaths.models import DEFAULT
from igstudy.tasks import objects

MODEL = "objects/mobilenet"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with one scene: a triangle."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IGPATHS_DATA", raising=False)
    to_pil_image(objects.scene(2).image).save("scene.png")
    return tmp_path


def explained(capsys, *options: str) -> str:
    """What is printed for the scene."""
    assert main(["explain", "scene.png", "--model", MODEL, "--steps", "4", *options]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys, *arguments: str) -> str:
    """What is printed for arguments that are refused."""
    assert main(list(arguments)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


class TestExplain:
    @pytest.mark.parametrize(
        ("options", "path", "rule", "output", "target"),
        [
            ([], ig.Straight("black"), ig.IG("both"), "probability", 2),
            (["--rule", "idgi", "--target", "star"], ig.Straight("black"), ig.IDGI(), "probability", 3),
            (["--path", "blur", "--output", "logit"], ig.Blur(), ig.IG("both"), "logit", 2),
            (["--path", "guided", "--baseline", "mean", "--target", "7"], ig.Guided("mean"), ig.IG("both"),
             "probability", 7),
        ],
    )  # fmt: skip
    def test_the_lines_say_what_attribute_finds(self, capsys, options, path, rule, output, target):
        head, walked, credited, files = explained(capsys, *options).splitlines()
        net = ig.load_model(MODEL).classifier(output=output)
        rules = (rule, ig.Left(rule, 0.9))
        maps = ig.attribute(net, objects.scene(2).image[None], target, path=path, rules=rules, steps=4)
        first, last = maps.scores[4][0, [0, -1]].tolist()
        gap, star = maps.completeness_gap[rule, 4].item(), maps.alpha_star[rules[1], 4].item()
        assert head.startswith(f"{objects.CLASSES[target]} (class {target}), {output} {last:.4f}, by {MODEL}")
        assert ("; seen as triangle, probability " in head) == (target != 2)
        crossed = f"crosses 0.9 of that at α* = {star:.3g}" if last > first else "never rises above it"
        assert f": {last - first:+z.4f} from " in walked
        assert re.search(rf", {re.escape(crossed)}; 5 gradient evaluations in \d+\.\d s$", walked)
        complete = isinstance(rule, ig.IDGI)
        share = f": completeness gap {gap / (last - first):+z.2%}"
        assert (": complete by construction; " if complete else share) in credited
        assert (" close it; " in credited) == (not complete and abs(gap / (last - first)) > 0.05)
        revealed = ig.metrics.insertion(net, objects.scene(2).image[None], target, maps.ranking("absolute"))
        score = ig.metrics.area(revealed.shares, revealed.probability)[0, 0]
        assert credited.endswith(f"; insertion {score:.4f}")
        assert files == "scene-map.png"

    def test_several_methods_and_files(self, capsys, folder):
        several = ("--path", "straight", "--path", "blur", "--rule", "ig", "--rule", "right", "--psi", "0.5")
        lines = explained(capsys, *several, "--out", "one.png", "--out", "two.npz").splitlines()
        assert lines[-1] == "one.png, two.npz"
        assert {"one.png", "two.npz"} <= {file.name for file in folder.iterdir()}
        names = [re.match(r"  (.*): completeness gap ", line)[1] for line in lines if line.startswith("  ")]
        assert names == ["IG", "Right IG", "Blur IG", "Right Blur IG"]
        with np.load("two.npz") as saved:
            assert saved["maps"].shape == (2, 2, 3, 176, 176)
            assert saved["psi"] == 0.5

    def test_the_picture_is_one(self, capsys, folder):
        (folder / "sub").mkdir()
        assert explained(capsys, "--out", "sub/map.png").endswith("\nsub/map.png\n")
        with Image.open("sub/map.png") as picture:
            assert picture.format == "PNG"
            assert 1200 < picture.width < 1500
            assert 1.8 < picture.width / picture.height < 2.4
            assert len(picture.convert("RGB").resize((300, 150)).getcolors(45000)) > 1000
        assert not (folder / "scene-map.png").exists()

    def test_classes_are_named_by_the_data_folder(self, capsys, folder):
        (folder / "synsets.txt").write_text("".join(f"n{i:08d}\tkind {i}, also {i}\n" for i in range(10)))
        assert explained(capsys, "--data", ".").startswith("kind 2 (class 2), ")
        assert explained(capsys, "--data", ".", "--target", "kind 5").startswith("kind 5 (class 5), ")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--path", "curved"], "path is 'curved'; it must be one of straight, guided, blur, blur-placed"),
            (["--rule", "gradient"], "rule is 'gradient'; it must be one of ig, idgi, idg, variation, left, right"),
            (["--psi", "1"], "psi must be in (0, 1), got 1.0"),
            (["--baseline", "red"], "baseline is 'red'; it must be one of black, white, mean, blur"),
            (["--path", "blur", "--baseline", "white"],
             "baseline is 'white', but the blur path begins at the blurred image: leave it out"),
            (["--path", "blur-place"], "guided, blur, blur-placed; did you mean blur-placed?"),
            (["--steps", "0"], "steps must be 1 or more, a whole number, got 0"),
            (["--steps", "many"], "argument --steps: invalid int value: 'many' (see python -m igpaths explain --help)"),
            (["--output", "odds"], "output is 'odds'; it must be one of probability, logit"),
            (["--device", "tpu"], "device is 'tpu'; it must be cpu, cuda or cuda:N"),
            (["--target", "10"], "target is '10'; it must be a class's name (disk, square, triangle, "),
            (["--target", "heat"], "hexagon) or index, 0 to 9; did you mean heart?"),
            (["--model", "resnet"], "model is 'resnet'; it must be objects/NETWORK"),
            (["--data", "none"], "data is 'none' (parameter data or IGPATHS_DATA): there is no such folder"),
            (["--out", "none/map.png"], "file is 'none/map.png'; there is no folder 'none'"),
            (["--out", "map.jpg"], "file is 'map.jpg'; it must be one of *.png, *.pdf, *.svg, *.npz"),
            (["--out", "scene.png"], "file is 'scene.png'; it must be another than the image"),
        ],
    )  # fmt: skip
    def test_bad_options(self, capsys, folder, options, message):
        assert message in refused(capsys, "explain", "scene.png", "--model", MODEL, "--steps", "4", *options)
        assert [file.name for file in folder.iterdir()] == ["scene.png"]

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("text.png", "cannot be read: cannot identify image file 'text.png'; its 5 bytes begin with b'hello'"),
            ("empty.png", "empty.png cannot be read: cannot identify image file 'empty.png'; it is empty"),
            ("scnee.png", "image is 'scnee.png'; there is no such file; in '.' there are scene.png"),
            ("none/x.png", "image is 'none/x.png'; there is no such file; in 'none' there are no files"),
        ],
    )  # fmt: skip
    def test_what_is_no_image_is_said_to_look_like_what_it_is(self, capsys, folder, name, message):
        (folder / "text.png").write_text("hello")
        (folder / "empty.png").touch()
        assert message in refused(capsys, "explain", name, "--model", MODEL)

    def test_a_folder_that_is_not_there_is_refused_before_anything_else(self, capsys):
        assert "there is no folder" in refused(
            capsys, "explain", "none.png", "--model", "none", "--out", "none/map.png"
        )

    def test_without_a_model_the_default_explains_and_says_so(self, capsys, folder):
        assert main(["explain", "scene.png", "--steps", "2", "--out", "a.npz"]) == 0
        assert f", by {DEFAULT}, the default network" in capsys.readouterr().out.splitlines()[0]
        with np.load("a.npz") as saved:
            assert saved["model"] == DEFAULT
            assert saved["image"].shape == (3, 224, 224)

    def test_an_image_is_required(self, capsys):
        assert "the following arguments are required: IMAGE" in refused(capsys, "explain")

    @pytest.mark.parametrize("name", ["map.NPZ", "карта ½.svg"])
    def test_a_file_has_the_name_that_is_printed(self, capsys, folder, name):
        assert explained(capsys, "--out", name).splitlines()[-1] == name
        assert {file.name for file in folder.iterdir()} == {"scene.png", name}

    def test_an_image_of_any_name(self, capsys, folder):
        (folder / "Ordner mit ü").mkdir()
        (folder / "scene.png").rename("Ordner mit ü/собака 1.PNG")
        assert main(["explain", "Ordner mit ü/собака 1.PNG", "--model", MODEL, "--steps", "1"]) == 0
        assert capsys.readouterr().out.endswith("\nсобака 1-map.png\n")
        assert (folder / "собака 1-map.png").is_file()

    @pytest.mark.filterwarnings("always")
    def test_a_warning_is_a_line(self, capsys, folder, monkeypatch):
        (folder / "logarithm.py").write_text(
            "import torch, igpaths as ig\n"
            "class Logarithm(torch.nn.Module):\n"
            "    def forward(self, x): return x.mean((2, 3)).log()\n"
            "def build():\n"
            "    return ig.Model('any', Logarithm(), (0.,) * 3, (1.,) * 3, lambda photo: torch.full((3, 8, 8), .5))\n"
        )
        monkeypatch.syspath_prepend(folder)
        options = ("--model", "module:logarithm.build", "--output", "logit", "--steps", "2")
        assert main(["explain", "scene.png", *options]) == 0
        out, err = capsys.readouterr()
        assert err.startswith("warning: the score or gradient of image 0 is not finite at α = 0")
        assert err.count("\n") == 1
        assert "IG: completeness gap not finite\nscene-map.png\n" in out  # and no insertion score
        assert (folder / "scene-map.png").is_file()


class TestModels:
    @pytest.fixture(autouse=True)
    def nothing_downloaded(self, monkeypatch, tmp_path):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)

    def test_the_best_known(self, capsys):
        assert main(["models"]) == 0
        out = capsys.readouterr().out
        lines = out.splitlines()
        assert lines[1].split() == ["75.1%", DEFAULT, "runs", "here", "and", "now"]
        assert re.search(r"^  98.2%  objects/mobilenet +runs here and now$", out, re.MULTILINE)
        assert re.search(r"^  72.2%  torchvision/mobilenet_v2:IMAGENET1K_V2 +downloads 14 MB$", out, re.MULTILINE)
        assert re.search(r"^      –  timm/resnet50.a1_in1k +downloads 102 MB$", out, re.MULTILINE)
        assert "squeezenet" not in out
        assert "timm/resnet50.a1_in1k@weights/mine.safetensors" in out
        assert "torchvision/resnet50:IMAGENET1K_V2@weights/mine.pt" in out
        assert "module:my_package.my_module.my_function" in out

    def test_all(self, capsys):
        assert main(["models", "--all"]) == 0
        out = capsys.readouterr().out
        assert re.search(r"^  58.2%  torchvision/squeezenet1_1:IMAGENET1K_V1 +downloads 5 MB$", out, re.MULTILINE)
        assert re.search(r"^      –  timm/vit_tiny_patch16_224.\w+ +downloads its weights$", out, re.MULTILINE)


@pytest.mark.parametrize("command", ["explain", "models"])
def test_help_teaches_by_example(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"\nexamples:\n  python -m igpaths {command}" in capsys.readouterr().out


def test_no_command_is_helped(capsys):
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: python -m igpaths [-h] COMMAND")
    assert err == ""


OPTIONS = (
    *("--path curved", "--rule gradient", "--baseline red", "--path blur --baseline white", "--steps 0", "--psi 2"),
    *("--output odds", "--device tpu", "--data none", "--data broken", "--out a.jpg", "--out none/a.png"),
    *("--model resnet50", "--model module:not_there.network", "--model objects/resnt"),
    *(f"--model torchvision/{name}" for name in ("vgg16:IMAGENET1K_V1@none.pt", "vgg61:IMAGENET1K_V1")),
    "--model torchvision/vgg16:IMAGENET1K_V9",
)
ANY_SCENE = ("explain", "scene.png", "--model", MODEL, "--steps", "2")
QUICK = (
    *("--help", "explain --help", "models --everything", f"explain none.png --model {MODEL}"),
    *(f"explain scene.png --model {MODEL} {option}" for option in OPTIONS),
)
ANSWERING = """
import contextlib, io, json, sys
from igpaths.__main__ import main

found = []
for words in json.loads(sys.argv[1]):
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        try:
            status = main(words.split())
        except SystemExit as ended:
            status = ended.code
    heavy = {"torch", "torchvision", "matplotlib", "scipy", "skimage", "pandas"} & set(sys.modules)
    found.append((status, sorted(heavy), errors.getvalue()))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What one process answers to all of `QUICK`: status, heavy modules that are there by then, and errors."""
    folder = tmp_path_factory.mktemp("answers")
    to_pil_image(objects.scene(2).image).save(folder / "scene.png")
    (folder / "broken").mkdir()
    (folder / "broken" / "synsets.txt").write_text("no synset\n")
    environment = {name: value for name, value in os.environ.items() if name != "IGPATHS_DATA"}
    command = [sys.executable, "-c", ANSWERING, json.dumps(QUICK)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    return dict(zip(QUICK, json.loads(done.stdout), strict=True))


class TestProcess:
    """The command line in a process of its own, which is what a person starts."""

    def run(self, *arguments, **environment):
        return subprocess.run([sys.executable, *arguments], capture_output=True, env=os.environ | environment)

    @pytest.mark.parametrize("words", QUICK)
    def test_an_answer_that_needs_no_network_imports_nothing_heavy(self, answers, words):
        status, heavy, errors = answers[words]
        assert (status, heavy) == (0 if "--help" in words else 1, [])
        assert bool(errors) != ("--help" in words)

    def test_a_terminal_that_cannot_write_every_letter(self, folder):
        done = self.run("-m", "igpaths", *ANY_SCENE, PYTHONIOENCODING="ascii")
        assert (done.returncode, done.stderr) == (0, b"")
        assert "?* = " in done.stdout.decode("ascii")
        assert (folder / "scene-map.png").is_file()
        done = self.run("-m", "igpaths", "explain", "--help", PYTHONIOENCODING="ascii")
        assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_of_windows_that_cannot_write_every_letter(monkeypatch, folder):
    held = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(held, encoding="cp1252", write_through=True))
    assert main([*ANY_SCENE]) == 0
    assert "?* = " in held.getvalue().decode("cp1252")
    assert (folder / "scene-map.png").is_file()
    with pytest.raises(SystemExit) as ended:
        main(["explain", "--help"])
    assert ended.value.code == 0

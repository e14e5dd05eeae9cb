"""Jobs of a cluster: what its file allows, the script that comes of it, and what is said when no worker comes.

The clusters are scripts of the names that Slurm, PBS and LSF have, which start the job here.
"""

import os
import shlex
import signal
import sys
import time
from dataclasses import replace

import dask
import pandas as pd
import pytest
import torch

from igstudy.engine import cluster as jobs
from igstudy.engine import scheduler
from igstudy.engine.cluster import Cluster, job_script, read_cluster, seconds
from igstudy.engine.parameters import Parameters
from igstudy.engine.runs import measured
from igstudy.engine.scheduler import connect
from igstudy.engine.schema import ParameterError
from studies import photographs, study

FULL = """\
workers: 2
time: 1-12:00:30
cores: 8
kind: {kind}
memory: 32G
gpus: 1
queue: gpu
account: physics
directives: [--constraint=a100, "--qos=long"]
skip: [igpaths-%J.out]
prologue:
  - module load cuda
  - source .venv/bin/activate
epilogue: [echo it's over, rm -r "$D"]
python: ~/my python/bin/python
interface: lo
local_directory: $TMPDIR/of mine
logs: "{logs}/my logs"
shebang: "#!/bin/bash -l"
options: {{nanny: false, death_timeout: 90, worker_extra_args: [--resources, GPU=1], scheduler_options: {{port: 0}}}}
"""
HEADERS = {
    "slurm": """\
#SBATCH -J igpaths
#SBATCH -p gpu
#SBATCH -A physics
#SBATCH -n 1
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH -t 36:00:30
#SBATCH -e "{logs}/my logs/igpaths-%J.err"
#SBATCH --gres=gpu:1
#SBATCH --constraint=a100
#SBATCH --qos=long
""",
    "pbs": """\
#PBS -N igpaths
#PBS -q gpu
#PBS -A physics
#PBS -l select=1:ncpus=8:mem=32gb:ngpus=1
#PBS -l walltime=36:00:30
#PBS -e "{logs}/my logs/"
#PBS -o "{logs}/my logs/"
#PBS --constraint=a100
#PBS --qos=long
cd "$PBS_O_WORKDIR"
""",
    "lsf": """\
#BSUB -J igpaths
#BSUB -q gpu
#BSUB -P "physics"
#BSUB -n 8
#BSUB -R "span[hosts=1]"
#BSUB -M 32000000
#BSUB -W 36:01
#BSUB -e "{logs}/my logs/igpaths-%J.err"
#BSUB -gpu "num=1"
#BSUB --constraint=a100
#BSUB --qos=long
""",
}
COMMANDS = """\
module load cuda
source .venv/bin/activate
export OMP_NUM_THREADS=4
trap 'echo it'"'"'s over
rm -r "$D"' EXIT
"{home}/my python/bin/python" -m distributed.cli.dask_worker SCHEDULER --name NAME --nthreads 1 --memory-limit 0.0B \
--no-nanny --death-timeout 90 --local-directory "$TMPDIR/of mine" --resources GPU=1 --interface lo
"""
REQUIRED = "workers: 1\ntime: 01:00:00\ncores: 1\n"
PROGRAMS = {"slurm": ("sbatch", "scancel"), "pbs": ("qsub", "qdel"), "lsf": ("bsub", "bkill")}
TESTED = '[ "$1" = --test-only ] && exec cat >tested.sh\n'
START = """\
echo submitted >>submitted
cat ${1:+"$1"} >job.$$.sh
setsid bash job.$$.sh &>>job.log &
echo "Job <$!> is submitted"
"""
CANCEL = 'kill -- "-$1"; echo "$1" >>cancelled'
ALONE = "options: {nanny: false}\n"  # a worker that no other process watches over, which is there in half the time


def described(path, text):
    """The jobs of a file with this text."""
    path.write_text(text)
    return read_cluster(path)


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_job_is_as_its_file_says(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LSF_ENVDIR", str(tmp_path))  # where LSF's units are, kilobytes by default
    cluster = described(tmp_path / "cluster.yaml", FULL.format(kind=kind, logs=tmp_path))
    expected = f"#!/bin/bash -l\n\n{HEADERS[kind]}{COMMANDS}".format(logs=tmp_path, home=tmp_path)
    assert job_script(cluster, {"OMP_NUM_THREADS": "4"}).splitlines() == expected.splitlines()
    assert (tmp_path / "my logs").is_dir()


@pytest.mark.parametrize("kind", PROGRAMS)
def test_what_the_file_leaves_out_is_left_to_the_cluster(kind, tmp_path):
    cluster = described(tmp_path / "cluster.yaml", f"{REQUIRED}kind: {kind}\nlogs: {tmp_path}\n")
    assert cluster == Cluster(workers=1, time="01:00:00", cores=1, kind=kind, logs=str(tmp_path))
    lines = job_script(cluster, {}).splitlines()
    written = {line.split()[1].partition("=")[0] for line in lines if line.startswith(("#SBATCH", "#PBS", "#BSUB"))}
    assert written <= {"-J", "-N", "-n", "--cpus-per-task", "-t", "-l", "-W", "-e", "-o"}
    assert not [line for line in lines if "mem=" in line]
    assert lines[-1].startswith(f'"{sys.executable}" -m distributed.cli.dask_worker')


def test_paths_are_found_from_every_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCRATCH", str(tmp_path / "scratch"))
    cluster = Cluster(workers=1, time="01:00:00", cores=1, logs="$SCRATCH/logs")
    for given, placed in {
        ".venv/bin/python": f'"{tmp_path}/.venv/bin/python"',
        "python3": '"python3"',
        "$ENV/bin/python": '"$ENV/bin/python"',
        'a/"b`': rf'"{tmp_path}/a/\"b\`"',
    }.items():
        assert f"\n{placed} -m distributed" in job_script(replace(cluster, python=given), {})
    assert (tmp_path / "scratch" / "logs").is_dir()


def test_a_folder_may_have_a_dollar_in_its_name(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/home/a $b/python")
    words = {"workers": 1, "time": "01:00:00", "cores": 1}
    assert r'"/home/a \$b/python" -m' in job_script(Cluster(**words, python=sys.executable), {})
    assert '"$HOME/python" -m' in job_script(Cluster(**words, python="$HOME/python"), {})


def test_an_option_takes_the_place_of_what_the_keys_make(tmp_path):
    spec = "select=1:ncpus=8:ngpus=1:gpu_model=a100"
    text = f"{REQUIRED}kind: pbs\nlogs: {tmp_path}\noptions: {{resource_spec: '{spec}'}}\n"
    lines = job_script(described(tmp_path / "cluster.yaml", text), {}).splitlines()
    assert [line for line in lines if "select" in line] == [f"#PBS -l {spec}"]


def test_times():
    assert [seconds(time) for time in ("00:00:30", "4:00:00", "1-02:00:01")] == [30, 14400, 93601]


def test_ctrl_c_stays_an_interruption(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("dask_jobqueue")]:
        monkeypatch.delitem(sys.modules, name)
    before = signal.getsignal(signal.SIGINT)
    job_script(Cluster(workers=1, time="01:00:00", cores=1, logs=str(tmp_path)), {})
    assert "dask_jobqueue" in sys.modules
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (REQUIRED + "que: gpu", "unknown key: given 'que'; allowed: workers, time, .*; nearest: queue"),
        ("workers: 2", "time: given None; allowed: a value"),
        ("", "keys: given .*; allowed: lines 'key: value' with the keys workers, time, cores, kind"),
        ("[1", "not YAML: while parsing"),
        ("workers: none\ntime: 01:00:00\ncores: 1", "workers: given 'none'; allowed: an integer, at least 1"),
        ("workers: 1\ntime: 01:00:00\ncores: 0", "cores: given '0'; allowed: an integer, at least 1"),
        ("workers: 1\ntime: 2h\ncores: 1", "time: given '2h'; allowed: hh:mm:ss"),
        (REQUIRED + "kind: sge", "kind: given 'sge'; allowed: slurm, pbs, lsf"),
        (REQUIRED + "memory: 32 GB", "memory: given '32 GB'; allowed: a number with K, M, G or T, such as 32G"),
        (REQUIRED + "gpus: 2", "gpus: given '2'; allowed: 0 or 1, for a worker uses one GPU"),
        (REQUIRED + "prologue: source activate", "prologue: given 'source activate'; allowed: a list of shell lines"),
        (
            REQUIRED + 'directives: ["#SBATCH -C a"]',
            "directives: given .*; allowed: a list of lines such as --qos=long",
        ),
        (REQUIRED + "name: my study", "name: given 'my study'; allowed: letters, digits and any of _ . -"),
        (REQUIRED + "wait: 5 min", "wait: given '5 min'; allowed: hh:mm:ss"),
        (REQUIRED + "options: [nanny]", r"options: given \['nanny'\]; allowed: lines 'keyword: value'"),
    ],
)
def test_a_bad_file_is_refused(text, message, tmp_path):
    with pytest.raises(ParameterError, match=f"^{tmp_path}/cluster.yaml: {message}"):
        described(tmp_path / "cluster.yaml", text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nany": True}, "options: unknown keyword: given 'nany'; allowed: config_name, .*; nearest: nanny$"),
        ({"lsf_units": "mb"}, "options: unknown keyword: given 'lsf_units'; allowed: "),
        ({"walltime": "01:00"}, "options: keyword: given 'walltime'; allowed: 'time' beside options in its place"),
        ({"queue": "gpu"}, "options: keyword: given 'queue'; allowed: 'queue' beside options in its place"),
        ({"processes": 2}, "options: unknown keyword: given 'processes'"),
        ({"config_name": "mine"}, "dask-jobqueue: .*mine"),
    ],
)
def test_options_are_those_of_dask_jobqueue(options, message, tmp_path):
    cluster = Cluster(workers=1, time="01:00:00", cores=1, logs=str(tmp_path), options=options)
    with pytest.raises(ParameterError, match=message):
        job_script(cluster, {})


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"No such file or directory: '.*cluster\.yaml'$"):
        connect(f"cluster:{tmp_path}/cluster.yaml", threads=1).__enter__()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where programs come from."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def given(folder, kind, submit=START, more=""):
    """The parameter for a cluster of this kind, with the shell lines of its program that takes jobs."""
    for name, lines in zip(PROGRAMS[kind], (submit, CANCEL), strict=True):
        (folder / name).write_text(f"#!/bin/bash\nexport PBS_O_WORKDIR=$PWD\ncd {shlex.quote(str(folder))}\n{lines}\n")
        (folder / name).chmod(0o755)
    path = folder / "cluster.yaml"
    path.write_text(f"{REQUIRED}kind: {kind}\ninterface: lo\nlogs: {folder}\n{more}")
    return f"cluster:{path}"


@pytest.mark.parametrize("kind", PROGRAMS)
def test_jobs_are_submitted_and_cancelled(kind, folder, capfd):
    more = f"epilogue: [echo over >>{folder}/over]\n{ALONE * (kind != 'slurm')}"
    chosen = given(folder, kind, TESTED * (kind == "slurm") + START, more=more)
    with connect(chosen, threads=2) as workers:
        facts = workers.client.submit(lambda: (torch.get_num_threads(), os.getpgid(0), os.getcwd())).result(timeout=30)
    threads, group, at = facts
    assert threads == 2
    assert (folder / "cancelled").read_text() == f"{group}\n"
    assert at == (os.getcwd() if kind == "pbs" else str(folder))
    deadline = time.monotonic() + 20
    while not (folder / "over").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (folder / "over").exists()
    assert kind != "slurm" or "#SBATCH -t 01:00:00" in (folder / "tested.sh").read_text()
    assert capfd.readouterr() == ("", "")


def test_a_file_of_slurm_has_its_former_name(folder):
    chosen = given(folder, "slurm", TESTED + START, more=ALONE).replace("cluster:", "slurm:", 1)
    with connect(Parameters(scheduler=chosen).scheduler, threads=1) as workers:
        assert workers.count() == 1


# Which of two is the second a folder decides, for both may be submitted at once; it waits until the first one is there
SECOND = """mkdir first 2>/dev/null || {
    until [ -e submitted ]; do sleep .05; done
    echo 'error: Invalid account' >&2
    exit 1
}"""


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("slurm", "echo 'error: Invalid account' >&2; exit 1"),
        ("slurm", '[ "$1" = --test-only ] && exit; echo "error: Invalid account" >&2; exit 1'),
        ("pbs", "echo 'error: Invalid account' >&2; exit 1"),
        ("lsf", "echo 'error: Invalid account' >&2; exit 255"),
        ("lsf", "echo 'error: Invalid account'; exit 255"),
        ("pbs", f"{SECOND}\n{START}"),
    ],
)
def test_what_the_cluster_refuses_is_the_one_message(kind, lines, folder, capfd):
    chosen = given(folder, kind, lines)
    file = folder / "cluster.yaml"
    file.write_text(file.read_text().replace("workers: 1", "workers: 2"))
    with pytest.raises(ParameterError, match=rf"^{file}: {PROGRAMS[kind][0]} fails: error: Invalid account$"):
        connect(chosen, threads=1).__enter__()
    assert (folder / "cancelled").exists() == (folder / "submitted").exists()
    assert capfd.readouterr() == ("", "")


def test_words_in_another_encoding_are_the_clusters_all_the_same(folder):
    for lines in (r"printf 'Ung\xfcltig\n' >&2; exit 1", r"printf 'Gr\xfcn\nnichts\n'"):
        with pytest.raises(ParameterError, match="qsub fails: Ung\ufffdltig$|: Gr\ufffdn nichts$"):
            connect(given(folder, "pbs", lines), threads=1).__enter__()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("exec sleep 60", "no answer within 1 s"),
        (None, "No such file or directory: 'qdel'"),
    ],
)
def test_a_job_that_cannot_be_cancelled_loses_nothing(lines, words, folder, monkeypatch, capfd):
    monkeypatch.setattr(jobs, "CANCEL", 1)
    with connect(given(folder, "pbs", more=ALONE), threads=1) as workers:
        group = workers.client.submit(lambda: os.getpgid(0)).result(timeout=30)
        program = folder / "qdel"
        program.write_text(f"#!/bin/bash\n{lines}\n") if lines else program.unlink()
    said = capfd.readouterr().err
    os.killpg(group, signal.SIGKILL)
    assert "qdel fails: " in said
    assert words in said
    assert said.endswith("; cancel it yourself\n")


@pytest.mark.parametrize("kind", PROGRAMS)
def test_without_its_programs_the_error_says_so(kind, folder, monkeypatch, capfd):
    chosen = given(folder, kind)
    monkeypatch.setenv("PATH", "")
    program = PROGRAMS[kind][0]
    with pytest.raises(ParameterError, match=f"{program} fails: .*No such file or directory: '{program}'"):
        connect(chosen, threads=1).__enter__()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("interface: ib7", "dask-jobqueue: .*'ib7' is not a valid network interface"),
        ("interface: lo\noptions: {scheduler_options: 3}", "dask-jobqueue: 'int' object is not a mapping"),
        ("interface: lo\noptions: {scheduler_options: {port: x}}", "dask-jobqueue: "),
    ],
)
def test_what_dask_refuses_is_the_one_message(lines, message, folder, capfd):
    chosen = given(folder, "lsf")
    file = folder / "cluster.yaml"
    file.write_text(file.read_text().replace("interface: lo", lines))
    with pytest.raises(ParameterError, match=f"^{file}: {message}"):
        connect(chosen, threads=1).__enter__()
    assert not (folder / "submitted").exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_cluster_without_a_worker_ends_the_run_and_its_jobs(kind, folder, monkeypatch, capfd):
    monkeypatch.setattr(scheduler, "NOTE", 0.2)
    chosen = given(folder, kind, TESTED * (kind == "slurm") + "echo 17", more="wait: 00:00:01\n")
    end = f"see what the jobs print in {folder}, or set `wait` in {folder}/cluster.yaml"
    with pytest.raises(ParameterError, match=f"^scheduler {chosen}: no worker within 00:00:01; {end}$"):
        connect(chosen, threads=1).__enter__()
    first, *_ = capfd.readouterr().err.splitlines()
    assert first == f"scheduler {chosen}: no worker for 0 s, the run ends after 00:00:01; {end}"
    assert (folder / "cancelled").read_text() == "17\n"


@pytest.fixture
def soon(monkeypatch):
    """A job that ended or was refused is tried again after a second."""
    monkeypatch.setattr(jobs, "AGAIN", 1)
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"}):
        yield


def ended(workers):
    """The process of a worker whose job was ended."""
    process = workers.client.submit(os.getpid, pure=False).result(timeout=30)
    os.killpg(os.getpgid(process), signal.SIGKILL)
    return process


def test_a_job_that_ends_is_submitted_again_until_it_is_taken(folder, soon):
    refused = "echo again >>again; [ $(wc -l <again) = 2 ] && echo 'error: Later' >&2 && exit 1\n"
    with connect(given(folder, "pbs", refused + START, more=ALONE), threads=1) as workers:
        first = ended(workers)
        (second,) = workers.done([workers.client.submit(os.getpid, pure=False)])
        assert second.result() != first
    assert len((folder / "again").read_text().splitlines()) == 3


def test_workers_that_ended_and_stay_away_end_the_run(folder, soon):
    refused = "[ -e submitted ] && echo 'error: Quota' >&2 && exit 1\n"
    with connect(given(folder, "lsf", refused + START, more=f"wait: 00:00:05\n{ALONE}"), threads=1) as workers:
        ended(workers)
        futures = [workers.client.submit(os.getpid, pure=False)]
        with pytest.raises(ParameterError, match="no worker within 00:00:05; bsub fails: error: Quota; see what"):
            [*workers.done(futures)]


def test_a_study_on_a_cluster_ends_with_the_same_rows(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))  # with the tests' network
    chosen = study(photographs(folder / "photos"), metrics=("completeness",))
    spread = replace(chosen, scheduler=given(folder, "pbs"), results=str(folder / "spread"))
    pd.testing.assert_frame_equal(measured(spread), measured(chosen), check_exact=True)
    assert (folder / "cancelled").exists()

#!/usr/bin/env bash
# All that needs a GPU, in less than 8 minutes whatever it meets: the tests that ask for one, the benchmarks, a study from
# end to end, and a chapter. Needs no network. What is missing is said in one line, and what can run runs.
#
#   bench/gpu.sh               results in results/bench/<device>/
#   DEVICE=cpu bench/gpu.sh    a trial of the script itself, without the tests
#   PYTHON=.venv/bin/python    which Python; by default that of .venv, or else python3
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

device=${DEVICE:-cuda}
python=${PYTHON:-.venv/bin/python}
command -v "$python" >/dev/null || python=python3
export PYTHONPATH="lib:tests:.${PYTHONPATH:+:$PYTHONPATH}"
failed=()

has() { "$python" -c "import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, sys.argv[1:])))" "$@"; }

# stage NAME SECONDS COMMAND...: run it within its time, and say how long it took
stage() {
    local name=$1 limit=$2 began=$SECONDS status
    shift 2
    echo "== $name"
    timeout --kill-after=10 "$limit" "$@"
    status=$?
    ((status == 0)) || failed+=("$name ($status)")
    ((status == 124)) && echo "$name: stopped after $limit s"
    awk -v name="$name" -v spent=$((SECONDS - began)) 'BEGIN { printf "== %s: %.1f minutes\n", name, spent / 60 }'
}

# needs NAME MODULE...: whether the modules that a stage needs are there
needs() {
    local name=$1 module missing=()
    shift
    for module in "$@"; do has "$module" || missing+=("$module"); done
    ((${#missing[@]} == 0)) && return
    echo "== $name: left out, for there is no ${missing[*]}"
    return 1
}

needs everything torch torchvision numpy scipy pandas pyarrow pydantic PIL yaml safetensors skimage threadpoolctl tqdm \
    lazy_loader matplotlib || exit 1

if [[ $device == cuda ]]; then
    "$python" -c "import torch, sys; sys.exit(not torch.cuda.is_available())" || { echo "there is no GPU" >&2; exit 1; }
    needs tests pytest hypothesis && stage tests 45 "$python" -m pytest -q -rs -p no:cacheprovider \
        tests/igpaths/test_classifier.py -k gpu
fi

needs walk && stage walk 110 "$python" -m bench --device "$device" walk
needs grid saliency && stage grid 60 "$python" -m bench --device "$device" grid
needs metrics captum quantus && stage metrics 50 "$python" -m bench --device "$device" metrics
needs information saliency && stage information 40 "$python" -m bench --device "$device" information
needs "a study" sklearn timm && stage "a study" 90 "$python" -m bench --device "$device" end_to_end
needs "a chapter" papermill jupytext ipykernel && stage "a chapter" 60 "$python" -m igstudy chapter \
    --params=params/smoke.yaml -p device "$device" -- 02-idgi

echo "results: $(ls -d results/bench/*/ 2>/dev/null | tr '\n' ' ')"
if ((${#failed[@]})); then
    echo "failed: ${failed[*]}" >&2
    exit 1
fi

PYTHON ?= python3
PARAMS ?= params/objects.yaml
CHAPTER ?=
BENCH ?=
AXE = 4.14.1

# As they are, for the shell to take from the environment: a name may have spaces, quotes and dollars in it
override PYTHON := $(value PYTHON)
override PARAMS := $(value PARAMS)
override CHAPTER := $(value CHAPTER)
export PYTHON PARAMS CHAPTER

BIN = .venv/bin
STUDY = $(BIN)/python -m igstudy

.PHONY: help setup book browse pdf zip run results readme notebooks models test lint bench bench-gpu clean

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST)

setup: .venv/ready ## make the virtual environment with all packages, .venv

book: .venv/ready ## run the chapters with PARAMS and build the book: _build/html/index.html
	$(STUDY) book --params="$$PARAMS"

browse: _build/html/index.html .venv/browse/ready ## try the built book in Chromium: errors, links, narrow screens, accessibility
	$(BIN)/pytest tests/browse.py --numprocesses logical --maxprocesses 4 --dist worksteal --maxfail 20

pdf: .venv/browse/ready ## print the chapters that were run with PARAMS as one file: _build/igpaths.pdf
	$(STUDY) pdf --params="$$PARAMS"

zip: _build/html/index.html ## pack the built book as one file, which opens from the disk: _build/igpaths-book.zip
	"$$PYTHON" -c 'import shutil; shutil.make_archive("_build/igpaths-book", "zip", "_build/html")'

run: .venv/ready ## run one chapter and render its page: make run CHAPTER=06-split-ig PARAMS=params/imagenet-sample.yaml
	$(STUDY) chapter --params="$$PARAMS" -- "$$CHAPTER"

notebooks: .venv/ready ## write the chapters as notebooks to work on: _build/notebooks/
	$(STUDY) notebooks

models: .venv/ready ## train the objects networks again
	$(BIN)/python -m igstudy.tasks.training

# A process for each core; threads of their own would only be in each other's way
test: lint ## lint, then all tests
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist worksteal --durations 10

lint: .venv/ready ## ruff, mypy, and which module may import which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

results: .venv/ready ## write the results of a complete study to _build/published/: make results PARAMS=params/imagenet-sample.yaml
	$(STUDY) results -- "$$PARAMS"

readme: .venv/ready ## update README.md: its pictures, and what the published results say
	$(STUDY) readme

bench: .venv/bench ## time the library against the bare network and its peers: results/bench/
	$(BIN)/python -m bench $(BENCH)

bench-gpu: .venv/bench ## the benchmarks that need a GPU, with its tests, a study and a chapter, in 8 minutes
	PYTHON=$(BIN)/python bench/gpu.sh

clean: ## remove what was built; .venv, results and notebooks stay
	[ ! -d _build ] || find _build -mindepth 1 -maxdepth 1 ! -name results ! -name published ! -name notebooks -exec rm -rf {} +

_build/html/index.html:
	@echo "no book in _build/html: make book" >&2; exit 1

# Installed again whenever the pinned packages or the package's own description change
.venv/ready: pyproject.toml constraints.txt
	@"$$PYTHON" -c 'import sys; sys.exit("igpaths needs Python 3.11 or newer; %s is %s. Use: make PYTHON=python3.11 ..." % \
		(sys.executable, sys.version.split()[0]) if sys.version_info < (3, 11) else 0)'
	"$$PYTHON" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[study,book,test,timm,photographs,cluster]'
	touch $@

# A peer that only the benchmarks need
.venv/bench: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	touch $@

# A browser's driver, which brings no browser, and axe-core, which finds faults of accessibility
.venv/browse/ready: .venv/ready Makefile
	@command -v npm >/dev/null || { echo "make browse needs npm and Chromium: apt-get install npm chromium" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[browse]'
	npm install --silent --no-save --prefix .venv/browse axe-core@$(AXE)
	touch $@

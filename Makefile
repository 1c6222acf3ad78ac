# Two commands matter: `make lab` to learn, `make test` to check. GNU make 3.81 or newer, Python 3.11 or newer.
.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
NOTEBOOKS := $(wildcard notebooks/*.ipynb)
unexport PYTHONDONTWRITEBYTECODE # or each kernel and each command that a test starts compiles all of kubesim again
heading = @printf '\n=== %s\n' "$(1)"

##@ Learn
lab: $(VENV)/.lab ## open the lesson in JupyterLab
	$(BIN)/kubesim lab .

site: $(VENV)/.dev ## build the lesson as a page that needs no server, in build/site
	$(BIN)/python -m tools.website

try: site ## build that page and serve it on loopback
	$(BIN)/python -m tools.website serve

# Some tests of each room, for `quick`.
QUICK := tests/gotext tests/api tests/test_workspace.py tests/shell/test_shell.py tests/pull \
  tests/cluster/test_imagepull.py tests/cluster/test_apiserver.py tests/kubectl/test_formats.py \
  tests/kubectl/test_kubectl_flags.py tests/test_golden.py tests/why/test_hops.py tests/session/test_docker.py \
  tests/server/test_api_refusals.py tests/lessons/test_tasks.py tests/jupyter/test_quiz.py \
  tests/command/test_copied_notebooks.py

# Processes begin with the slowest files (tests/conftest.py), whose tests stay together. nbval takes a second to load.
TOGETHER := --dist loadfile --no-loadscope-reorder -p no:nbval

##@ Check
quick: format lint types imports sample ## check style, types, imports and a sample of each room, in a minute

sample: $(VENV)/.dev
	$(call heading,A sample of each room)
	$(BIN)/pytest -n 2 $(TOGETHER) $(QUICK)

test: format lint types imports unit ## check everything, in this order
	$(call heading,All checks passed)

format: $(VENV)/.dev ## ruff format, as a check
	$(call heading,ruff format --check)
	$(BIN)/ruff format --check .

lint: $(VENV)/.dev ## ruff check
	$(call heading,ruff check)
	$(BIN)/ruff check .

types: $(VENV)/.dev ## mypy --strict, in two processes
	$(call heading,mypy --strict)
	$(BIN)/mypy --num-workers 2

imports: $(VENV)/.dev ## import-linter: every module has its floor
	$(call heading,lint-imports)
	$(BIN)/lint-imports --no-logo --no-cache

unit: $(VENV)/.dev ## pytest in three processes, which often wait; meanwhile nbval, then two browsers
	$(call heading,pytest)
	@$(MAKE) -k nbval browser >$(VENV)/notebooks.log 2>&1 & notebooks=$$!; \
	trap 'kill $$notebooks; exit 130' INT TERM; \
	$(BIN)/pytest -rfEs -n 3 $(TOGETHER) --ignore tests/browser; status=$$?; \
	wait $$notebooks || status=1; cat $(VENV)/notebooks.log; exit $$status

browser: $(VENV)/.dev ## what a learner does in JupyterLab and on the page, in two browsers
	$(call heading,pytest tests/browser)
	$(BIN)/pytest -rfEs -n 2 $(TOGETHER) tests/browser

nbval: $(VENV)/.dev ## run every notebook and compare what it prints
	$(call heading,nbval)
	$(BIN)/pytest -q --nbval --nbval-current-env --nbval-cell-timeout=60 -n 2 --dist loadfile $(NOTEBOOKS)

fresh: $(VENV)/.dev ## prove without a browser that the committed notebooks are what `make notebooks` writes
	$(call heading,Committed notebooks are fresh)
	$(BIN)/python tools/notebooks.py --check

golden: $(VENV)/.dev ## play the recordings of the real cluster and show what differs
	$(BIN)/python tools/golden.py

##@ Renew
notebooks: $(VENV)/.dev ## run the notebooks again and store their outputs
	$(BIN)/python tools/notebooks.py

lock: $(VENV)/.dev ## resolve the newest releases that pyproject.toml allows
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5,<1'
	$(BIN)/python tools/lock.py

clean: ## remove the environment and everything that tools left behind
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find kubesim tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this
	@awk -F ':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# The environment. A stamp is newer than what it was made from, or the environment is brought up to date.
$(VENV)/.lab: requirements.txt pyproject.toml
	@PYTHON="$(PYTHON)" sh tools/environment.sh requirements.txt $@

# All that a learner has and more, with one installation: the lock for developers holds the other one.
$(VENV)/.dev: requirements-dev.txt pyproject.toml
	@PYTHON="$(PYTHON)" sh tools/environment.sh requirements-dev.txt $@

# An environment made by another Python than the one named in PYTHON is made again.
ifneq ($(PYTHON),)
VERSION := -c 'import sys; print(sys.version_info[:2])' 2>/dev/null
ifneq ($(shell "$(PYTHON)" $(VERSION)),$(shell $(BIN)/python $(VERSION)))
$(VENV)/.lab $(VENV)/.dev: FORCE
endif
endif
FORCE:

.PHONY: lab quick sample test format lint types imports unit browser nbval fresh golden notebooks lock clean help FORCE

##@ Report
docs: $(VENV)/.dev ## write docs/supported.md and docs/registries.md from the code
	$(BIN)/python tools/supported.py

screenshots: $(VENV)/.dev ## photograph the widgets for README.md
	$(BIN)/python tools/screenshots.py

bench: $(VENV)/.dev ## measure speed and memory; against=COMMIT compares with that
	$(BIN)/python tools/bench.py $(if $(against),--against $(against))

reach: $(VENV)/.dev ## list the functions that no lesson, recipe, recording, why, command line or server enters
	$(BIN)/python tools/reach.py

SECONDS = 600
attack: $(VENV)/.dev ## try inputs that are made to be too much, for ten minutes or SECONDS=
	$(BIN)/python -m tests.robustness.attack $(SECONDS)

##@ Publish
packages: ## install what the full check wants from Debian or Ubuntu
	sudo apt-get update -qq
	sh .ci/available.sh <.ci/packages.txt | xargs sudo apt-get install -y -qq --no-install-recommends

dist: $(VENV)/.dev ## build the wheel and the source archive, in dist
	rm -rf dist
	$(BIN)/python -c "import setuptools.build_meta as make; make.build_sdist('dist'); make.build_wheel('dist')" >/dev/null
	@ls dist

version: ## print the version that a release of this checkout would have
	@sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml

keep: ## add the files of the release at PAGE= to the built page, for visits that began before it
	$(BIN)/python -m tools.website keep "$(PAGE)"

visit: site ## measure a visit to that page, and write the figures into README
	$(BIN)/python -m tools.visit

pages: $(VENV)/.dev ## build the page, and run every notebook in it
	KUBESIM_ALL=1 $(BIN)/pytest -rfEs tests/browser/test_site.py

# Files in which a fork's name stands for OWNER/REPO.
NAMED := README.md SECURITY.md CITATION.cff pyproject.toml docs/class.md docs/authoring.md
repository: ## after a fork, fill in its name: make repository name=OWNER/REPO
	$(if $(filter 2,$(words $(subst /, ,$(name)))),,$(error make repository name=OWNER/REPO))
	perl -pi -e 's#OWNER/REPO#$(name)#g; s#OWNER%2FREPO#$(subst /,%2F,$(name))#g; \
	  s#OWNER\.github\.io/REPO#$(subst /,.github.io/,$(name))#g; s#(/|%2F)REPO\b#$$1$(notdir $(name))#g' $(NAMED)

.PHONY: docs screenshots bench reach attack site try visit packages dist version keep pages repository

# Everything needs only python3.11 (with venv), git and make.
.DEFAULT_GOAL := help
.PHONY: help setup demo s3 label-studio test test-long test-label-studio lint lock clean

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
STUDIO := .venv-label-studio
PORT   ?= 8080
# Many tests wait for other processes: one worker more than there are cores keeps the cores busy.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false
# Two processes that each take all cores are slower than two that take one.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

help: ## show the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: $(READY) ## make .venv from requirements.lock

# uv installs the locked packages in seconds where pip takes minutes; its own hash is in the lock.
$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ {ours = 1; print; next} /^[^ ]/ {ours = 0} ours' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY) ## run a whole campaign on scikit-learn's handwritten digits
	@$(BIN)/labelloop demo demo

s3: $(READY) ## serve an S3 store from ./s3-data, at http://127.0.0.1:8333
	@: $${AWS_ACCESS_KEY_ID:?choose one and export it} $${AWS_SECRET_ACCESS_KEY:?choose one and export it}
	@mkdir -p s3-data
	@exec $(BIN)/weed server -options=infra/s3.options -dir=s3-data -ip=127.0.0.1 -ip.bind=127.0.0.1

# Its packages contradict the project's, so it has an environment of its own.
$(STUDIO)/.ready: infra/label_studio/requirements.lock | $(READY)
	@test -x $(STUDIO)/bin/python || $(PYTHON) -m venv $(STUDIO)
	@$(BIN)/uv pip sync --quiet --python $(STUDIO)/bin/python --require-hashes infra/label_studio/requirements.lock
	@touch $(STUDIO)/.ready

label-studio: $(STUDIO)/.ready ## serve a Label Studio at http://127.0.0.1:8080 (or PORT=…)
	@exec $(STUDIO)/bin/python infra/label_studio/start.py --port $(PORT)

test: $(READY) ## run the tests, on all cores
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-long: $(READY) ## run the tests that take minutes: fault schedules, thirty days, many machines
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m long

test-label-studio: $(READY) $(STUDIO)/.ready ## run the tests that need a real Label Studio
	@$(BIN)/python -m pytest -n auto --dist worksteal tests/label_studio

lint: $(READY) ## ruff, mypy, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lock: $(READY) ## pin the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header \
		--extra dev --python-version 3.11 pyproject.toml --output-file requirements.lock

clean: ## forget the environment and the demo
	rm -rf $(VENV) demo demo-remote

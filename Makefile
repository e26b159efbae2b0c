# `make help` lists what there is. PYTHON names another interpreter, VENV another environment, ARGS goes to the tool:
#   make app PYTHON=python3.12
#   make test ARGS="tests/data/test_split.py -x"
PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
# What the pinned packages of requirements.txt are built for; pyproject.toml says the same.
PYTHONS := 3.11 to 3.14
ARGS ?=

# A tenth of ML-1M's ratings make a tenth of its steps: at Table VI's rate five passes would teach it nothing. And a
# visitor's few stars have to move the list, so most people are shown as strangers whose history speaks for them.
DEMO_SETTINGS := --model paper --seed 0 --epochs 12 --learning-rate 0.001 --set cooldown=0.7 --batch-size 128 \
	--set factors=32 --set genre_std=1.0 --set new_person_rate=0.7 --set short_history_rate=0.3
DEMO_LCREC_SETTINGS := --model lcrec --seed 0 --set targets_per_step=1024

RUN := $(VENV)/bin/python
APP_READY := $(VENV)/.app-ready
DEV_READY := $(VENV)/.dev-ready

.DEFAULT_GOAL := help
.PHONY: help app serve test faults lint format bench readme screenshots demo clean

help: ## list these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

app: $(APP_READY) ## start the app on the embedded demo data
	$(RUN) -m streamlit run app.py $(ARGS)

serve: $(APP_READY) ## serve many at once: a server on each core behind one address
	$(RUN) -m lcrec_ui.serve $(ARGS)

# One thread per worker: two workers with a thread pool each would fight over two cores. A worker that has nothing
# left takes over half of what the other has, so that both end together.
test: $(DEV_READY) ## run every test there is (browser tests need chromium)
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

faults: $(DEV_READY) ## try thousands of kills, damages and hostile texts (twenty minutes; needs chromium)
	OMP_NUM_THREADS=1 $(RUN) -m tests.faults $(ARGS)
	$(RUN) -m benchmarks.readme

lint: $(DEV_READY) ## check style, layers and types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports --no-cache

format: $(DEV_READY) ## put every file into the house format
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

bench: $(DEV_READY) ## measure speed and write benchmarks/results/*.json
	$(RUN) -m benchmarks.predict
	$(RUN) -m benchmarks.read_ml1m
	$(RUN) -m benchmarks.search
	$(RUN) -m benchmarks.app
	$(RUN) -m benchmarks.service
	$(RUN) -m benchmarks.readme

readme: $(APP_READY) ## write the README's tables from the measured files
	$(RUN) -m benchmarks.readme

screenshots: $(DEV_READY) ## take the pictures in docs/ anew (needs chromium)
	$(RUN) -m benchmarks.screenshots $(ARGS)

demo: $(APP_READY) ## make the demo data and its trained bundles anew, to the same figures
	$(RUN) -m lcrec_core make-demo
	$(RUN) -m lcrec_core train --data demo --replace $(DEMO_SETTINGS)
	$(RUN) -m lcrec_core train --data demo --replace $(DEMO_LCREC_SETTINGS)
	$(RUN) -m lcrec_core train --data demo --replace --model pick --seed 0
	$(RUN) -m benchmarks.readme

clean: ## remove the environment and the tools' caches; data, profiles and bundles stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis

# The stamps are written last, so an interrupted install is simply done again.
$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON) here: install Python $(PYTHONS), or name one with make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 15) else "LCRec needs Python $(PYTHONS), $(PYTHON) is " + sys.version.split()[0] + ": name another with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(APP_READY): requirements.txt $(VENV)/.created
	$(RUN) -m pip install -r requirements.txt
	@touch $@

$(DEV_READY): requirements-dev.txt requirements-postgres.txt $(APP_READY)
	$(RUN) -m pip install -r requirements-dev.txt
	@touch $@

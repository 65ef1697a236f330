# What a developer types. `make help` lists it.

# Any Python from 3.11 on; `make setup PYTHON=python3.13` takes another than the first that is found.
CANDIDATES = python3 python3.14 python3.13 python3.12 python3.11
RECENT = -c 'import sys; sys.exit(sys.version_info < (3, 11))'
BIN = .venv/bin
READY = .venv/ready
SAM = $(firstword $(wildcard build/e2e/sam/bin/sam) sam)
ARCHITECTURE ?= arm64
FUNCTION ?= probe

.PHONY: help setup demo test faults lint e2e model tools build deploy invoke bench-quick load load-collect noise lock clean
.DEFAULT_GOAL := help

help: ## list what can be made
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: $(READY) ## make .venv with everything for developing

# A Python that was asked for and is not that of .venv makes it anew.
ifdef PYTHON
ifneq ($(shell $(PYTHON) -V 2>&1),$(shell $(BIN)/python -V 2>/dev/null))
.PHONY: $(READY)
endif
endif

$(READY): tests/requirements.txt layers/nswatch/pyproject.toml
	@for python in $(or $(PYTHON),$(CANDIDATES)); do \
		if "$$python" $(RECENT) 2>/dev/null; then found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then \
		echo "nswatch needs Python 3.11 or newer, and none of these is: $(or $(PYTHON),$(CANDIDATES))." >&2; \
		echo "Install one, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; fi; \
	echo "setting up .venv with $$("$$found" -V)"; \
	"$$found" -m venv --clear .venv || { echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement tests/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable layers/nswatch
	@$(BIN)/python -m compileall -q layers/nswatch/nswatch layers/nswatch/nswatch_cli
	@touch $(READY)

demo: $(READY) ## see the Coincheck hijack found and paged
	@$(BIN)/nswatch demo

test: $(READY) ## run the tests that need no privilege and no emulator, on all cores
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

faults: $(READY) ## lay faults over hijacks: lost hubs, late streams, failing topics, dying workers (make faults LONG=--long: all)
	$(BIN)/python -m pytest tests/faults $(LONG) --numprocesses auto --dist worksteal

lint: $(READY) ## check style, types and, where `make tools` was run, the template
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy layers/nswatch functions tests bench
ifneq ($(wildcard build/e2e/sam/bin/cfn-lint),)
	build/e2e/sam/bin/cfn-lint
	AWS_DEFAULT_REGION=ap-northeast-1 SAM_CLI_TELEMETRY=0 build/e2e/sam/bin/sam validate --lint
else
	@echo "the template was not checked: make tools"
endif

model: $(READY) ## check the protocol between the hubs in every interleaving (needs spin and gcc)
	$(BIN)/python -m pytest tests/model -v

tools: $(READY) ## install SAM, cfn-lint and the emulator into build/e2e
	$(BIN)/python -m tests.e2e.tools

e2e: $(READY) ## deploy to four emulated regions, upgrade, lose a hub, hijack domains, destroy (10 minutes)
	$(BIN)/python -m pytest tests/e2e

build: $(READY) ## build what `sam deploy` takes: make build [ARCHITECTURE=x86_64]
	ARCHITECTURE=$(ARCHITECTURE) PYTHON="$(CURDIR)/$(BIN)/python" $(SAM) build

deploy: $(READY) ## put nswatch into your AWS account, or bring it up to date: asks first
	@$(BIN)/nswatch deploy

invoke: $(READY) ## run a handler by hand: make invoke FUNCTION=probe [EVENT=events/probe-shards.json]
	@$(BIN)/python -m tests.support.invoke $(FUNCTION) $(EVENT)

bench-quick: build/bench/ready ## measure what a DNS query costs, ours beside others (30 seconds)
	@PYTHONPATH=build/bench $(BIN)/python -m bench.quick

load: $(READY) ## measure what 100, 1,000 and 10,000 domains cost: make load [SIZES="100 1000"] (10 minutes)
	@$(BIN)/python -m bench.load --plot docs/load.svg $(SIZES)

load-collect: $(READY) ## measure what the collectors cost at these sizes: make load-collect [SIZES="100 1000"] (15 minutes)
	@$(BIN)/python -m bench.collect $(SIZES)

build/bench/ready: $(READY) bench/requirements.txt
	@rm -rf build/bench
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement bench/requirements.txt --target build/bench
	@touch $@

noise: $(READY) ## replay random benign days: make noise [DAYS=10000] [SEED=1] [PROCESSES=2]
	@$(BIN)/python -m bench.noise --days $(or $(DAYS),10000) --seed $(or $(SEED),1) --processes $(or $(PROCESSES),2) --keep build/noise

lock: $(READY) ## pin all requirements anew
	for file in layers/nswatch/requirements tests/requirements tests/e2e/requirements tests/e2e/requirements-sam bench/requirements; do \
		(cd $$(dirname $$file) && name=$$(basename $$file) && $(CURDIR)/$(BIN)/uv pip compile --quiet --upgrade --universal \
		--python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" $$name.in --output-file $$name.txt) || exit 1; done

clean: ## remove everything that was made
	rm -rf .venv .aws-sam build

# Two commands are enough on a fresh machine: `make run` and `make test`. ARGS go to what is run.
PYTHON_IN_VENV := .venv/bin/python
# Tests start pimotion a hundred times; without bytecode on the disk each compiles all of it anew.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(PYTHON_IN_VENV) -m pytest
# Most tests wait for something real, so four at a time are quicker on any machine. Files are begun in
# the order in which they are named: those that wait longest first, so that none is last and alone.
BESIDE := -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: run install uninstall doctor test newest check browser conformance homeassistant faults soak all-tests bench docs clean help

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: ## start pimotion, with everything it needs (ARGS="--source rtsp://...")
	@.ci/setup run
	@exec $(PYTHON_IN_VENV) -m pimotion $(ARGS)

install: ## as root: a service that starts with the machine (ARGS="--broker homeassistant.local")
	@systemd/install.sh install $(ARGS)

uninstall: ## as root: away with it, configuration and events too (ARGS=--keep: but these)
	@systemd/install.sh uninstall $(ARGS)

doctor: ## as root: try the installed service's cameras and broker, and say what to do
	@systemd/install.sh doctor

test: ## what must pass before every commit: unit, contract and integration tests
	@.ci/setup test
	@$(PYTEST) $(BESIDE) tests/integration tests/contract tests/unit tests/test_house_rules.py $(ARGS)

newest: ## the tests of pictures with the OpenCV that Python 3.12 and later get, whatever this one has
	@.ci/setup test
	@$(PYTHON_IN_VENV) -m pip install -q --disable-pip-version-check --upgrade --target .venv/newest \
		'opencv-python-headless>=4.12'
	@PYTHONPATH=.venv/newest $(PYTEST) $(BESIDE) tests/unit tests/contract $(ARGS)

check: ## lint, format, types
	@.ci/setup test
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

browser: ## the page in a real Chromium and Firefox
	@.ci/setup test
	@$(PYTEST) tests/browser $(ARGS)

conformance: ## known viewers (ffmpeg, VLC, browsers, Home Assistant's cut) read the stream
	@.ci/setup test
	@$(PYTEST) -n 2 --dist loadfile tests/conformance $(ARGS)

homeassistant: ## a real Home Assistant, installed once for itself (1.4 GB), sees and steers pimotion
	@.ci/setup test
	@tests/homeassistant/install.sh || true
	@$(PYTEST) tests/homeassistant $(ARGS)

faults: ## cameras, threads and visitors that go wrong, with the whole daemon
	@.ci/setup test
	@$(PYTEST) $(BESIDE) tests/faults $(ARGS)

soak: ## forty minutes of trouble: no event lost, nothing grows
	@.ci/setup test
	@PIMOTION_SOAK_MINUTES=30 $(PYTEST) -s tests/soak $(ARGS)

all-tests: test newest check browser conformance homeassistant faults ## everything that CI runs

bench: ## speed and memory against named peers, into benchmarks/results.md by hand
	@.ci/setup test
	@$(PYTHON_IN_VENV) -m benchmarks.bench_picture
	@$(PYTHON_IN_VENV) -m benchmarks.bench_daemon
	@$(PYTHON_IN_VENV) -m benchmarks.bench_stream
	@$(PYTHON_IN_VENV) -m benchmarks.bench_sources
	@$(PYTHON_IN_VENV) -m pip install --quiet --no-deps -r requirements-bench.txt
	@$(PYTHON_IN_VENV) -m benchmarks.bench_detect

docs: ## write config/pimotion.yml and docs/configuration.md from the settings
	@.ci/setup run
	@$(PYTHON_IN_VENV) -m pimotion.config.docs

clean: ## forget the environment and all caches
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

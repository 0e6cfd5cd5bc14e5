# make demo | make test | make coverage | make lint | make bench | make docs: each works from a fresh clone.
# Needed on the machine: Python 3.11 or newer, make, and a package index that pip can reach.

# The first that can make an environment. The system's comes first, since distributions build it with
# optimisations that pyenv leaves out: a tenth of the tests' time.
PYTHON ?= $(shell for python in /usr/bin/python3.11 python3.11 python3; do \
    $$python -c "import ensurepip" 2>/dev/null && command -v $$python && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.kiqa-installed
SITE := $(VENV)-docs
DOCS := $(SITE)/.kiqa-installed
DEMO := demo
WORKERS ?= 2
PARALLEL := -n $(WORKERS)

export TF_CPP_MIN_LOG_LEVEL ?= 2
# Where it is set, every start of TensorFlow, and of pytest, compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# A new environment in the folder $(1), with uv, which installs in a third of pip's time.
define environment
test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
$(1)/bin/python -m pip install --quiet --disable-pip-version-check uv
endef

# Installs $(2) in the environment $(1). Nothing is compiled: what is imported will be. uv does not
# read pip's configuration; where it finds no index, pip does.
define install
$(1)/bin/uv pip install --quiet --python $(1) $(2) \
|| $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile $(2)
endef

.PHONY: demo test coverage lint format bench docs pictures python

demo: $(STAMP)
	@photo=$$($(BIN)/python -c "import pathlib, skimage; print(pathlib.Path(skimage.__file__).parent / 'data' / 'astronaut.png')") \
	&& echo "The image (it comes with scikit-image): $$photo" \
	&& echo && echo "Its quality map, one value every 8 pixels:" \
	&& $(BIN)/kiqa map "$$photo" --stride 8 --overlay $(DEMO) --npz $(DEMO) --html $(DEMO)/index.html \
	&& echo && echo "Its score, by lite:" \
	&& $(BIN)/kiqa score "$$photo" \
	&& echo && echo "Written to $(DEMO)/:" && ls $(DEMO) \
	&& echo && echo "Open $(DEMO)/index.html in a browser: the value under the cursor is the local quality." \
	&& echo "On your own images: $(BIN)/kiqa score FOLDER   and   $(BIN)/kiqa map FOLDER --overlay OUT"

test: $(STAMP)
	$(BIN)/python -m pytest -m "" $(PARALLEL)

# Of all tests; fails below `fail_under` in setup.cfg. Tracing takes a third more time, so
# `make test` does without it.
coverage: $(STAMP)
	$(BIN)/python -m pytest -m "" $(PARALLEL) --cov

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# One JSON document per script, on stdout: make -s bench > bench.txt
bench: $(STAMP)
	@failed=; for script in $$(grep -l '^    python benchmarks/' benchmarks/*.py); do \
	echo "# $$script" && $(BIN)/python $$script || failed="$$failed $$script"; done; \
	test -z "$$failed" || { echo "Below their claim, or stopped:$$failed"; exit 1; }

# The site, in site/. Strict: a broken link, a page that is in no menu, or a public function
# without a docstring fails. It needs no TensorFlow, so its environment is its own, and small.
docs: $(DOCS)
	NO_MKDOCS_2_WARNING=1 $(SITE)/bin/python -m mkdocs build
	@echo "Open site/index.html in a browser; with the search, which needs a server: $(SITE)/bin/python -m mkdocs serve"

# The images of the README and the notebooks of the site with their outputs, made anew.
pictures: $(STAMP)
	$(BIN)/python docs/pictures.py
	$(BIN)/python docs/walks.py

$(DOCS): setup.cfg pyproject.toml requirements.txt docs/needed.py | python
	$(call environment,$(SITE))
	$(call install,$(SITE),--constraint requirements.txt $$($(SITE)/bin/python docs/needed.py))
	$(call install,$(SITE),--no-deps --editable .)
	touch $@

python:
	@test -n "$(PYTHON)" || { echo "No Python found that can make an environment. Install Python 3.11 with venv, or: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	|| { echo "The pinned versions need Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }

$(STAMP): setup.cfg pyproject.toml requirements.txt | python
	$(call environment,$(VENV))
	$(call install,$(VENV),-r requirements.txt)
	$(call install,$(VENV),--no-deps --editable .)
	touch $@

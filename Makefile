# `make help` lists the targets. Each sets up the environment first where that is needed.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:

export VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
LOCK := requirements/lock.txt
UV := uv==0.13.9
MUTMUT := build/mutmut
SCHEMATHESIS := build/schemathesis
LABEL_STUDIO := build/label_studio
DOCS := build/docs
MERMAID := 12.3.0
IN_PARALLEL := --numprocesses logical --maxprocesses 4 --dist loadfile
QUICK_TESTS := tests/compat tests/commands/allennlp_verbs_test.py tests/dts_ee_command_test.py \
	tests/dts_ee_import_hook_test.py tests/start_up_test.py tests/modules/frozen_encoders \
	tests/modules/token_embedders tests/wheel_test.py

# The models of the demo and the tests are so small that one thread is nearly as fast as two on an
# idle machine, and several times as fast on a busy one.
export OMP_NUM_THREADS ?= 1

.PHONY: help install demo test test-quick torture label-studio-test test-all fuzz wheel-test check bench mutants docs format lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

install: $(INSTALLED) ## Make an environment (VENV=.venv) and install the project and its tools there

$(INSTALLED): setup.py $(LOCK) scripts/install.py
	@python=$$(sh scripts/find-python.sh) && "$$python" scripts/install.py

demo: $(INSTALLED) ## Train, evaluate and predict on the sample corpus, and render a page
	@sh scripts/demo.sh

test: $(INSTALLED) ## Run the tests
	@$(BIN)/python -m pytest $(IN_PARALLEL)

test-quick: $(INSTALLED) ## Run the tests of what depends on the Python: imports, commands, worker processes, the wheel
	@$(BIN)/python -m pytest $(IN_PARALLEL) $(QUICK_TESTS)

torture: $(INSTALLED) $(SCHEMATHESIS)/installed ## Kill what runs, again and again, and see what is left; minutes
	@SCHEMATHESIS=$(abspath $(SCHEMATHESIS))/bin/schemathesis $(BIN)/python -m pytest -s tests/torture

# schemathesis has an environment of its own.
$(SCHEMATHESIS)/installed: $(INSTALLED) Makefile
	@$(BIN)/python -m venv --clear $(SCHEMATHESIS)
	@$(SCHEMATHESIS)/bin/python -m pip install --quiet --disable-pip-version-check schemathesis==4.32.5
	@touch $@

# Label Studio has an environment of its own.
$(LABEL_STUDIO)/installed: $(INSTALLED) Makefile
	@$(BIN)/python -m venv --clear $(LABEL_STUDIO)
	@$(LABEL_STUDIO)/bin/python -m pip install --quiet --disable-pip-version-check label-studio==1.23.2
	@touch $@

label-studio-test: $(INSTALLED) $(LABEL_STUDIO)/installed ## Predict, annotate and train with a Label Studio that runs; minutes
	@LABEL_STUDIO=$(abspath $(LABEL_STUDIO))/bin/label-studio $(BIN)/python -m pytest -s tests/torture/label_studio_test.py

# Each in an environment of its own.
test-all: ## Run the tests on every supported Python that is found
	@for version in $$(sh scripts/find-python.sh --supported); do \
		if python=$$(sh scripts/find-python.sh $$version 2>/dev/null); then \
			echo "Python $$version"; \
			$(MAKE) test PYTHON="$$python" VENV=build/python-$$version || exit 1; \
		else \
			echo "Python $$version is not installed: left out"; \
		fi; \
	done

fuzz: $(INSTALLED) ## Read thousands of damaged files and archives; takes minutes
	@$(BIN)/python -m pytest $(IN_PARALLEL) --hypothesis-profile=fuzz --hypothesis-show-statistics \
		$$(find tests -name '*fuzz_test.py')

wheel-test: ## Build the wheel, install it into an empty environment, train and predict there
	@python=$$(sh scripts/find-python.sh) && sh scripts/wheel-test.sh "$$python"

check: $(INSTALLED) ## Run ruff, mypy, and import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# With as many threads as torch takes by itself, unless the caller has set a number.
bench: $(INSTALLED) ## Measure speed and memory; TOPICS="decoding training" for some of it, RUNS=3 for three rounds
	@$(if $(filter file,$(origin OMP_NUM_THREADS)),env -u OMP_NUM_THREADS )$(BIN)/python -m pytest \
		$(or $(TOPICS:%=benchmarks/%_benchmark.py),benchmarks) $(RUNS:%=--benchmark-min-rounds=%)

# mutmut has an environment of its own; the project's packages come before it.
$(MUTMUT)/installed: $(INSTALLED) Makefile
	@$(BIN)/python -m venv --clear $(MUTMUT)
	@$(MUTMUT)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(LOCK) \
		mutmut==3.8.1
	@touch $@

mutants: $(MUTMUT)/installed ## Change the code in many small ways, and list what no test notices; PATHS="dts_ee/metrics"
	@rm -rf mutants
	@PYTHONPATH="$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
		$(MUTMUT)/bin/mutmut run $(foreach path,$(PATHS),"$(subst /,.,$(path:.py=)).*")
	@$(MUTMUT)/bin/mutmut results | grep --invert-match "not checked" || true

# The site's tools have an environment of their own. Without npm, diagrams stay text.
$(DOCS)/installed: requirements/docs.txt Makefile
	@python=$$(sh scripts/find-python.sh) && "$$python" -m venv --clear $(DOCS)
	@$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/docs.txt
	@if command -v npm > /dev/null; then \
		npm pack --silent --pack-destination $(DOCS) mermaid@$(MERMAID) > /dev/null && \
		tar -xzf $(DOCS)/mermaid-$(MERMAID).tgz -C $(DOCS) --strip-components 2 package/dist/mermaid.min.js && \
		rm $(DOCS)/mermaid-$(MERMAID).tgz; \
	fi
	@touch $@

docs: $(INSTALLED) $(DOCS)/installed ## Check links, docstrings and examples of the documentation, and build the site
	@$(BIN)/ruff check --quiet dts_ee
	@$(BIN)/python -m pytest --quiet tests/docs
	@$(BIN)/python -m scripts.docs.tutorial
	@$(BIN)/python -m scripts.docs.pages
	@PYTHONPATH=. $(DOCS)/bin/zensical build --clean --strict --config-file build/site/zensical.toml
	@echo "the site is build/site/html/index.html"

format: $(INSTALLED) ## Let ruff format the code and sort its imports
	@$(BIN)/ruff check --fix --select I .
	@$(BIN)/ruff format .

lock: ## Resolve setup.py again for all Pythons into requirements/lock.txt
	@python=$$(sh scripts/find-python.sh) && "$$python" -m venv build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
	@build/lock/bin/uv pip compile setup.py --all-extras --universal --python-version 3.11 --upgrade --quiet \
		--override requirements/overrides.txt --output-file $(LOCK) \
		--custom-compile-command "make lock"

clean: ## Remove the environments, the caches and what the demo made
	@rm -rf $(VENV) build dist mutants out/sample *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find benchmarks dts_ee tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

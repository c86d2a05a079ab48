# PYTHON names the interpreter: with PYTHON=python3.8 every target works with
# the course's versions. Each Python gets an environment of its own, made once.

PYTHON ?= python3
# what random tests draw from; the same number draws the same again
SEED := $(shell date +%s)

# Where the name does not run by itself, a version that pyenv keeps may.
where := -c 'import sys; print(sys.executable)' 2>/dev/null
FOUND := $(shell "$(PYTHON)" $(where) || \
	for version in $$(pyenv versions --bare 2>/dev/null); do \
		PYENV_VERSION=$$version "$(PYTHON)" $(where) && break; \
	done)
VERSION := $(if $(FOUND),$(shell "$(FOUND)" -c \
	'import sys; print("%d.%d" % sys.version_info[:2])'))
VENV := .venv-$(VERSION)

.PHONY: help run check examples quick test bench figures environment clean

# the first target: what `make` alone does
help:
	@echo 'make run       run drivers 0 to 6 on MNIST'
	@echo 'make check     judge an answer (ANSWER=../my-cnn; without it, ours)'
	@echo 'make examples  train from scratch, train on two workers, and run'
	@echo '               layers over more images than memory holds'
	@echo 'make quick     run the tests that end within a minute'
	@echo 'make test      run every test'
	@echo 'make bench     measure every speed (QUICK=--quick: in 6 minutes;'
	@echo '               AGAINST=COMMIT: against an older commit alone)'
	@echo 'make figures   draw the pictures of the pages again'
	@echo 'make environment   only set up what these need'
	@echo 'make clean     remove what these made'
	@echo 'Each sets up what it needs; PYTHON=python3.8 takes that Python.'

run: environment
	@mkdir -p figures
	@cd figures && for driver in 0-main.py 1-main.py 2-main.py 3-main.py \
			6-alexnet.py 5-main.py 4-main.py; do \
		echo "== mains/$$driver"; start=$$(date +%s); \
		PATH="$(CURDIR)/$(VENV)/bin:$$PATH" ../mains/$$driver || exit 1; \
		echo "== mains/$$driver took $$(($$(date +%s) - start)) s"; \
	done

# ANSWER may name several folders, or one with spaces; OPTIONS go to check.py
export ANSWER ?= .
check: environment
	@if [ -e "$$ANSWER" ]; then set -- "$$ANSWER"; else set -- $(ANSWER); fi; \
		$(VENV)/bin/python check/check.py "$$@" $(OPTIONS)

examples: $(VENV)/examples
	@mkdir -p figures
	@cd figures && for example in lenet5_from_scratch.py \
			'distributed.py --workers 2 --epochs 2' beyond_memory.py; do \
		echo "== examples/$$example"; start=$$(date +%s); \
		PATH="$(CURDIR)/$(VENV)/bin:$$PATH" \
			sh -c "../examples/$$example" || exit 1; \
		echo "== examples/$$example took $$(($$(date +%s) - start)) s"; \
	done

# several tests run at once, so each computes in one thread
ONE := OPENBLAS_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 \
	TF_NUM_INTEROP_THREADS=1

quick: $(VENV)/tests
	$(ONE) $(VENV)/bin/python -m pytest -n auto $(addprefix tests/test_, \
		files.py four_files.py layers.py edges.py calls.py)

# TensorFlow leaves files in the temporary folder: the tests get their own
test: $(VENV)/tests $(VENV)/examples
	@TMPDIR=$$(mktemp -d) && export TMPDIR && trap 'rm -rf "$$TMPDIR"' EXIT && \
		$(ONE) $(VENV)/bin/python -m pytest -n auto \
		--dist loadgroup --cov --cov-config=.coveragerc \
		--hypothesis-seed=$(SEED) tests

bench: $(VENV)/benchmarks
	$(VENV)/bin/python benchmarks/bench.py $(QUICK) \
		$(if $(AGAINST),--against $(AGAINST))

figures: $(VENV)/examples
	$(VENV)/bin/python lesson/draw.py

environment: $(VENV)/made

# Whatever pip is told elsewhere, it installs here. On a terminal it shows a
# bar; of its complaints, those count that end it.
install = env -u PIP_PREFIX -u PIP_ROOT PIP_USER=0 PIP_NO_DEPS=0 \
	$(VENV)/bin/python -m pip install --disable-pip-version-check \
	$$([ -t 1 ] || echo --quiet) --target=
failed = { echo "pip cannot fill $(VENV); are network and space there?" \
	"The same command tries again. $$(grep -i error $(VENV)/said | \
	tail -n 1)" >&2; exit 1; }

$(VENV)/made: requirements.txt
ifeq ($(filter 3.8 3.9 3.10 3.11 3.12 3.13,$(VERSION)),)
	@echo "$(PYTHON) $(if $(FOUND),is Python $(VERSION),does not run here):" \
		"name one from 3.8 to 3.13, as in make test PYTHON=python3.13" >&2
	@exit 1
endif
	@echo "== making $(VENV), once: downloads some 0.6 GB, takes 2.2 GB"
	@said=$$("$(FOUND)" -m venv --clear $(VENV) 2>&1) || { echo "$(PYTHON)" \
		"cannot make an environment (on Debian and Ubuntu it needs" \
		"python3-venv): $$(echo "$$said" | tail -n 1)" >&2; exit 1; }
	@$(install) -r requirements.txt 2>$(VENV)/said || $(failed)
	@touch $@

# what a folder needs besides is added when a target first needs it
$(VENV)/%: %/requirements.txt $(VENV)/made
	@echo "== adding what $*/ needs$(if $(filter benchmarks,$*), (2.7 GB))"
	@$(install) -r requirements.txt -r $< 2>$(VENV)/said || $(failed)
	@touch $@

clean:
	rm -rf .venv-* figures .pytest_cache .hypothesis .coverage .coverage.* \
		$$(find . -name __pycache__ -not -path './.venv-*')

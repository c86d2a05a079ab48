# make run   the environment, then every driver on the real digits
# make test  the environment, then every check
# make bench the environment and PyTorch, then every speed (QUICK=--quick: a
#            minute's worth, and no figure is kept)
# make figures draws the pictures of the pages again
# make clean removes what these made
#
# PYTHON names the interpreter: `make test PYTHON=python3.8` is the course's
# world. Each version of Python gets an environment of its own, made once.

PYTHON ?= python3
# what random tests draw from; any number draws the same again
SEED := $(shell date +%s)

# Where the name does not run by itself, a version that pyenv keeps may.
where := -c 'import sys; print(sys.executable)' 2>/dev/null
FOUND := $(shell $(PYTHON) $(where) || \
	for version in $$(pyenv versions --bare 2>/dev/null); do \
		PYENV_VERSION=$$version $(PYTHON) $(where) && break; \
	done)
VERSION := $(shell $(FOUND) -c \
	'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV := .venv-$(VERSION)

.PHONY: run test bench figures environment clean

run: environment
	@mkdir -p figures
	@for driver in 0-main.py 1-main.py 2-main.py 3-main.py 4-main.py \
			5-main.py 6-alexnet.py lenet5_from_scratch.py \
			'5-distributed.py --workers 2 --epochs 2' \
			beyond_memory.py; do \
		echo "== mains/$$driver"; \
		(cd figures && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" \
			sh -c "../mains/$$driver") || exit 1; \
	done

test: environment
	$(VENV)/bin/python -m pytest -n auto --dist loadgroup --cov \
		--cov-config=.coveragerc --hypothesis-seed=$(SEED) tests

bench: $(VENV)/bench
	$(VENV)/bin/python benchmarks/bench.py $(QUICK)

figures: environment
	$(VENV)/bin/python images/draw.py

environment: $(VENV)/made

$(VENV)/made: requirements.txt
ifeq ($(VERSION),)
	@echo "$(PYTHON) does not run on this machine. Install it, or name a" \
		"Python (3.8 to 3.13) that does: make test PYTHON=python3" >&2
	@exit 1
endif
	@echo "== making $(VENV), once, for $(FOUND)"
	@$(FOUND) -m venv --clear $(VENV) || { echo "$(PYTHON) cannot make an" \
		"environment (on Debian and Ubuntu it needs python3-venv)" >&2; \
		exit 1; }
	@$(VENV)/bin/python -m pip install --quiet uv
	$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python \
		-r requirements.txt
	@touch $@

$(VENV)/bench: benchmarks/requirements.txt $(VENV)/made
	@echo "== adding what the benchmarks compare with"
	@$(VENV)/bin/python -m pip install --quiet -r benchmarks/requirements.txt
	@touch $@

clean:
	rm -rf .venv-* figures .pytest_cache .hypothesis .coverage \
		$$(find . -name __pycache__ -not -path './.venv-*')

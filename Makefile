# rnnlab: `make train` and `make test` do all the set-up themselves. They need Python 3.11 to 3.14 and nothing else;
# uv is used where it is installed (UV= leaves it alone), PYTHON=... picks an interpreter, ARGS=... goes to the command.

SHELL = /bin/sh
VENV = .venv
RUN = $(VENV)/bin/python -m
PYTHON = python3.14 python3.13 python3.12 python3.11 python3 python
UV = uv
CONFIG = configs/stock.yaml
ARGS =
SLOW =

.PHONY: help train test lint check coverage manual bench peers lock clean
.DEFAULT_GOAL = help

help:
	@echo 'make train     set up once, then train the stock experiment (CONFIG=... trains another)'
	@echo 'make test      set up once, then run the tests (ARGS="-k engine" runs some, SLOW=1 the slow ones too)'
	@echo 'make lint      lint, format and types'
	@echo 'make check     lint and all tests, the slow ones too: what CI runs'
	@echo 'make coverage  what the tests reach of the package, the worst files first'
	@echo 'make manual    rewrite all that is generated: parts of the manual, the schema, the words for completion'
	@echo 'make bench     time rnnlab beside the peers that are installed (make peers: PyTorch and JAX)'
	@echo 'make lock      choose new versions for the lock files (needs uv)'
	@echo 'make clean     remove what make made; runs stay'

train: $(VENV)/ready
	@$(RUN) rnnlab train $(CONFIG) $(ARGS)

test: $(VENV)/ready-dev
	@$(RUN) pytest -n auto $(if $(SLOW),-m "") $(ARGS)

lint: $(VENV)/ready-dev
	@echo 'ruff check';  $(RUN) ruff check --quiet .
	@echo 'ruff format'; $(RUN) ruff format --quiet --check . || \
	  { echo 'Run $(RUN) ruff format to format these files:' >&2; $(RUN) ruff format --check . >&2; exit 1; }
	@echo 'pyright';     PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(RUN) pyright

check: lint
	@$(MAKE) --no-print-directory test SLOW=1

# Shown: the heading, the thirty files with the most left out, and all together.
coverage: $(VENV)/ready-dev
	@$(RUN) pytest -n auto $(if $(SLOW),-m "") --cov --cov-report= $(ARGS)
	@$(RUN) coverage report | sed -n '1,32p;/^TOTAL/p'

manual: $(VENV)/ready-dev
	@$(RUN) tests.manual

bench: $(VENV)/ready-dev
	@$(RUN) tests.benchmarks $(ARGS)

peers: $(VENV)/ready
	@echo 'Installing the peers of the benchmark (large, not locked) ...'
	@$(call install,--no-build-isolation -e '.[bench]')

# What a set-up amounts to: an environment, the locked packages, rnnlab itself. The files say that it was done.

$(VENV)/ready: requirements.lock pyproject.toml
	@$(call set_up,the locked packages)
	@touch $@

$(VENV)/ready-dev: requirements-dev.lock $(VENV)/ready
	@$(call set_up,the locked packages for development)
	@touch $(VENV)/ready $@

define set_up
set -e; $(has_environment) || { $(find_python); $(make_environment); }; \
echo 'Installing $(1) ...'; \
$(call install,$(LOCKED) -r $<); \
$(call install,--no-deps --no-build-isolation -e .)
endef

LOCKED = --require-hashes --no-deps --only-binary :all:
has_uv = [ -n "$(UV)" ] && command -v $(firstword $(UV) none) >/dev/null 2>&1
install = if $(has_uv); then $(UV) pip install --quiet --python $(VENV)/bin/python $(1); \
  else $(RUN) pip install -qq --disable-pip-version-check --no-input $(1); fi

# An environment that works is kept. One without pip was made by uv and serves only where uv is.
define has_environment
{ $(VENV)/bin/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' && \
  { $(has_uv) || $(VENV)/bin/python -c 'import pip'; }; } >/dev/null 2>&1
endef

# Without uv, Python must be able to make an environment: Debian keeps that part (ensurepip) in a package of its own.
define find_python
python=; bare=; seen=; \
for name in $(PYTHON); do \
  version=`"$$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null` || continue; \
  case $$version in \
    3.11|3.12|3.13|3.14) ;; \
    *) seen="$$seen $$version"; continue ;; \
  esac; \
  if $(has_uv) || "$$name" -c 'import ensurepip, venv' 2>/dev/null; \
    then python=`command -v "$$name"`; break; else bare=$${bare:-$$version}; fi; \
done; \
if [ -z "$$python" ]; then \
  if $(has_uv); then python='>=3.11,<3.15'; \
  elif [ -n "$$bare" ]; then \
    echo "error: Python $$bare is here without its venv module; install that: apt install python$$bare-venv (Debian, Ubuntu)." >&2; exit 1; \
  else \
    echo "error: rnnlab needs Python 3.11 to 3.14;$${seen:+ only$$seen is here;} install it: apt install python3 python3-venv (Debian, Ubuntu) or brew install python@3.13 (macOS)." >&2; exit 1; \
  fi; \
fi
endef

define make_environment
echo "Making the environment $(VENV) with $$python ..."; \
if $(has_uv); then $(UV) venv --quiet --clear --python "$$python" $(VENV); else "$$python" -m venv --clear $(VENV); fi
endef

# Hashes and versions only, good for every Python from 3.11 on and every platform; indexes of one's own stay out.
compile = env -u UV_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS $(UV) --no-config pip compile pyproject.toml \
  --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links

lock:
	@$(has_uv) || { echo 'error: make lock needs uv; install it: pip install uv.' >&2; exit 1; }
	@$(compile) --group build --output-file requirements.lock >/dev/null
	@$(compile) --group dev --constraint requirements.lock --output-file requirements-dev.lock >/dev/null
	@echo 'Wrote requirements.lock and requirements-dev.lock.'

clean:
	@rm -rf $(VENV) $(VENV)-3.* build dist .coverage .coverage.* .pytest_cache .hypothesis .ruff_cache
	@find rnnlab tests -name __pycache__ -prune -exec rm -rf {} +

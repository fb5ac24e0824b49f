# Every target installs what it needs first; see scripts/install.
STORE ?= sqlite
DEMO_SECONDS ?= 90
PYTHON = .venv/bin/python
unexport PYTHONDONTWRITEBYTECODE # see scripts/test

.PHONY: help demo deb test test-newer check bench nightly

help:
	@echo 'make demo      a simulated district, its failures and its balance, on this machine'
	@echo '               STORE=sqlite|postgresql  DEMO_SECONDS=90'
	@echo 'make test      all tests, with real Mosquitto and PostgreSQL; not the nightly ones'
	@echo 'make test-newer  the fast ones on Python 3.13, where that is'
	@echo 'make check     format, lint, types, layers and the fast tests, before every commit'
	@echo 'make bench     every figure, into benchmarks/results.json'
	@echo 'make deb       the Debian packages for amd64 and arm64, into dist/'
	@echo 'make nightly   the long campaigns'

demo:
	@scripts/install $(filter postgresql,$(STORE))
	@$(PYTHON) -m scripts.demo --store '$(STORE)' --seconds '$(DEMO_SECONDS)'

test:
	@scripts/install postgresql gstreamer
	@scripts/test

test-newer:
	@scripts/install python3.13
	@scripts/test --newer

check:
	@scripts/install
	@scripts/check

bench:
	@scripts/install postgresql
	@$(PYTHON) -m benchmarks

deb:
	@scripts/install
	@$(PYTHON) -m scripts.packages

nightly:
	@scripts/install postgresql gstreamer prometheus systemd arm64
	@$(PYTHON) -m tests.campaigns

# Everything that is done with this project. `tools/setup` installs what a goal lacks and is silent otherwise.

SHELL := bash
RUN := . tools/env &&
# The engines in which `make test` runs the browser tests.
export ENGINES ?= chromium firefox webkit

.PHONY: serve dev test coverage bench site fmt data setup clean help

serve: ## serve the playground at http://127.0.0.1:8080, as people get it
	@tools/setup build
	@$(RUN) trunk serve --release

dev: ## the same as a debug build, which is quick to build and slow to run
	@tools/setup build
	@$(RUN) trunk serve

test: ## run every test
	@tools/setup test
	@$(RUN) python3 tools/test

coverage: ## print which share of the code the host tests run
	@tools/setup coverage
	@$(RUN) cargo llvm-cov --package interleave --package inference --lib --quiet

bench: ## measure the runtime and the workers beside promises and CPython, and the size of the first load
	@tools/setup bench
	@$(RUN) trunk build --release
	@$(RUN) PYTHON="$$TOOLS/python/bin/python" cargo run --quiet --package e2e --bin bench

site: ## leave in dist/ a site for any static host, under any path
	@tools/setup build
	@$(RUN) trunk build --release

fmt: ## format the code
	@$(RUN) cargo fmt --all

data: ## train the classifiers and write the data set again
	@tools/setup data
	@$(RUN) "$$TOOLS/python/bin/python" tools/train_digits.py

setup: ## only install what is missing
	@tools/setup test

clean: ## remove what was built here; the tools stay
	@rm -rf target dist

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 10

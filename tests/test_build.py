"""What `sam build` makes: within Lambda's limits, nothing needless in it, at work in a bare python3.13, with the permissions that were reviewed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from joserfc.jwk import ECKey, KeySet
from moto.server import ThreadedMotoServer

from ecid.adapters.dynamodb import KEYS, create_tables
from ecid.adapters.local_gateway import _TemplateLoader
from ecid.adapters.tokens import signed
from ecid.assistant.caller import Caller
from ecid.settings import Settings
from tests.adapters.issuer import issuing
from tests.laid_out_image import DOCKERFILES, TASK, dockerfile_of, handler_module, laid_out, make_context
from tests.laid_out_image import FUNCTIONS as IMAGES
from tests.translated_template import SAM

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "build" / "sam"
LIMIT = 250 * 1024 * 1024
"""Bytes unpacked, of a function and all its layers; AWS Lambda quotas."""
MOST = {"VerifyDomain": 20 * 1024 * 1024, "DescribeScoring": 20 * 1024 * 1024, "IngestEvents": 200 * 1024 * 1024}
"""What we allow ourselves: whoever adds to it shall notice."""
AARCH64 = 183
"""`e_machine` of an ELF file, at offset 18."""
REVIEWED = tomllib.loads((Path(__file__).parent / "iam.toml").read_text("utf-8"))
DOMAIN = "yongsheng-tools.example"


def _python313() -> Path | None:
    """A python3.13 with pip that really runs: the shim of a version manager may stand for none."""
    installed = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.13*/bin/python3.13"))
    on_path = [Path(found)] if (found := shutil.which("python3.13")) else []
    for candidate in [*on_path, *installed]:
        if subprocess.run([candidate, "-m", "pip", "--version"], capture_output=True, check=False, timeout=60).returncode == 0:
            return candidate
    return None


@dataclass(frozen=True, slots=True)
class Build:
    """The template that SAM wrote beside what it built, and the interpreter it was built for."""

    template: Mapping[str, Any]
    python: Path

    def layers(self, function: str) -> list[str]:
        """The layers of a function by logical id, in their order."""
        layers: list[str] = TEMPLATE["Resources"][function]["Properties"]["Layers"]
        return layers

    def folder(self, name: str) -> Path:
        """What is packed for a function or a layer."""
        properties = self.template["Resources"][name]["Properties"]
        return (BUILT / properties.get("ContentUri", properties.get("CodeUri"))).resolve()


def _of_type(template: Mapping[str, Any], kind: str) -> list[str]:
    return [name for name, resource in template["Resources"].items() if resource["Type"] == f"AWS::Serverless::{kind}"]


TEMPLATE = yaml.load((ROOT / "template.yaml").read_text("utf-8"), Loader=_TemplateLoader)  # noqa: S506 - a SafeLoader
FUNCTIONS = [name for name in _of_type(TEMPLATE, "Function") if name not in IMAGES]
"""Those that are no image; that one needs a container engine to be built, see tests/test_image.py."""
LAYERS = _of_type(TEMPLATE, "LayerVersion")


@pytest.fixture(scope="module")
def build() -> Build:
    """`sam build` as `make artefacts` does it, beside the operator's own build; what is unchanged comes from its cache."""
    if not (SAM / "sam").exists():
        pytest.skip("SAM is not installed (make .stamp-sam)")
    python = _python313()
    if python is None:
        pytest.skip("no python3.13 with pip on the PATH or under ~/.pyenv: functions for Lambda's python3.13 cannot be built here")
    environment = {**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1"}
    without = [option for name in IMAGES for option in ("--exclude", name)]
    command = [SAM / "sam", "build", *without, "--build-dir", BUILT, "--cache-dir", BUILT.with_name("sam-cache")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return Build(yaml.load((BUILT / "template.yaml").read_text("utf-8"), Loader=_TemplateLoader), python)  # noqa: S506 - a SafeLoader


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _size(folders: Iterable[Path]) -> int:
    return sum(path.stat().st_size for folder in folders for path in _files(folder))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_sizes(function: str, build: Build) -> None:
    size = _size(build.folder(name) for name in [function, *build.layers(function)])
    assert len(build.layers(function)) <= 5
    assert size <= MOST[function] <= LIMIT, f"{size / 1024 / 1024:.0f} MB"


@pytest.mark.parametrize("name", [*FUNCTIONS, *LAYERS])
def test_nothing_got_in_that_is_not_needed(name: str, build: Build) -> None:
    files = list(_files(build.folder(name)))
    assert files
    unwanted = {"tests", "test", "__pycache__", "samples", "evaluation", ".git", "bin"}
    for path in files:
        parts = path.relative_to(build.folder(name)).parts
        assert not unwanted & set(parts), path
        assert not any(part.endswith(".egg-info") for part in parts), path
        assert path.suffix not in (".pyc", ".in", ".sh") and path.name not in ("conftest.py", "Makefile"), path  # noqa: PT018


def test_a_function_is_its_handler_alone(build: Build) -> None:
    for function in FUNCTIONS:
        assert [path.name for path in _files(build.folder(function))] == ["app.py"]


def _machine(library: Path) -> int:
    with library.open("rb") as file:
        header = file.read(20)
    assert header.startswith(b"\x7fELF")
    return int.from_bytes(header[18:], "little")


def test_what_is_compiled_is_compiled_for_the_machine_in_the_template(build: Build) -> None:
    compiled = [path for name in LAYERS for path in _files(build.folder(name)) if ".so" in path.suffixes]
    assert len(compiled) >= 3, "polars, pydantic-core, markupsafe"
    assert {_machine(path) for path in compiled} == {AARCH64}
    assert TEMPLATE["Globals"]["Function"]["Architectures"] == ["arm64"]


def test_botocore_knows_the_services_that_are_used_and_no_other(build: Build) -> None:
    adapters = (ROOT / "layers" / "core" / "python" / "ecid" / "adapters").glob("*.py")
    used = {name for path in adapters for name in re.findall(r'boto3\.client\(\s*"(\w+)"', path.read_text("utf-8"))}
    data = build.folder("DepsLayer") / "python" / "botocore" / "data"
    assert {path.name for path in data.iterdir() if path.is_dir()} == used


def _distributions(folder: Path) -> set[str]:
    return {path.name for path in (folder / "python").glob("*.dist-info")}


@pytest.fixture(scope="module")
def host_layers(build: Build) -> dict[str, Path]:
    """The layers with what is compiled for this machine, made by the same Makefile; without them, ARM binaries could not be tried here."""
    source = ROOT / "layers" / "deps"
    mark = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(source.iterdir()) if path.is_file())).hexdigest()[:16]
    made = {name: build.folder(name) for name in LAYERS}
    for name in ("DepsLayer", "WorkerDepsLayer"):
        made[name] = ROOT / "build" / "host-layers" / mark / name
        if not (made[name] / "complete").exists():
            shutil.rmtree(made[name], ignore_errors=True)
            variables = [f"ARTIFACTS_DIR={made[name]}", f"MACHINE={platform.machine()}", f"PYTHON={build.python}"]
            done = subprocess.run(["make", f"build-{name}", *variables], cwd=source, capture_output=True, text=True, check=False, timeout=600)
            assert done.returncode == 0, done.stderr
            (made[name] / "complete").touch()
        assert _distributions(made[name]) == _distributions(build.folder(name))
    return made


@dataclass(frozen=True, slots=True)
class Run:
    """What a function answered, and the pairs of action and resource (as in iam.toml) that it needed for that."""

    answers: list[Any]
    needed: set[tuple[str, str]]


class Cloud:
    """Tables, bucket and queue on moto's server on loopback, and functions that know nothing but their artefacts and these."""

    def __init__(self, build: Build, layers: Mapping[str, Path], images: Mapping[str, Path], endpoint: str) -> None:
        self.build, self.layers, self.images = build, layers, images
        access = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
        client = {"endpoint_url": endpoint, "region_name": "us-east-1", "aws_access_key_id": "none", "aws_secret_access_key": "none"}
        self.sqs = boto3.client("sqs", **client)  # type: ignore[call-overload]
        self.queue = self.sqs.create_queue(QueueName="scores")["QueueUrl"]
        boto3.client("s3", **client).create_bucket(Bucket="objects")  # type: ignore[call-overload]
        tables = {f"{table}_table": f"{table.capitalize()}Table" for table in KEYS}
        settings = replace(Settings(), **tables)  # type: ignore[arg-type]
        create_tables(boto3.client("dynamodb", **client), settings)  # type: ignore[call-overload]
        self.environment = {
            **access,
            "AWS_LAMBDA_FUNCTION_NAME": "bare",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "ECID_SAMPLE_SUFFIXES": "example",
            "ECID_OBJECTS": "objects",
            "ECID_SCORE_QUEUE": self.queue,
            **{f"ECID_{setting.upper()}": table for setting, table in tables.items()},
        }

    def run(self, function: str, *events: Mapping[str, Any]) -> Run:
        """The function in an interpreter of its own, on these events."""
        environment = dict(self.environment)
        if function in IMAGES:  # with the packages that are installed here
            image = self.images[dockerfile_of(function)]
            python, handler, path = Path(sys.executable), handler_module(function), [image / TASK]
            environment |= {"ECID_HOME": str(image / "opt" / "ecid"), "ECID_PACK_DIR": str(image / "opt" / "pack")}
        else:
            python, handler = self.build.python, "app"
            path = [self.build.folder(function), *(self.layers[name] / "python" for name in self.build.layers(function))]
        done = subprocess.run(
            [python, "-I", "-S", "-X", f"pycache_prefix={ROOT / 'build' / 'bytecode'}", Path(__file__).with_name("bare_function.py")],
            input=json.dumps({"path": [str(folder) for folder in path], "handler": handler, "events": events}),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout.splitlines()[-1])
        return Run(told["answers"], {pair for call in told["calls"] for pair in _needed(call)})

    def waiting(self) -> dict[str, Any]:
        """The messages on the score queue, as Lambda hands them to a function, taken off the queue."""
        records = []
        while found := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in found:
                records.append({"messageId": message["MessageId"], "body": message["Body"]})
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return {"Records": records}


def _needed(call: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The permissions that AWS asks for a call (Service Authorization Reference): a transaction needs those of its parts."""
    service, operation, params = call["service"], call["operation"], call["params"]
    if operation == "TransactWriteItems":
        for item in params["TransactItems"]:
            for verb, part in item.items():
                yield f"dynamodb:{verb}Item", part["TableName"]
    elif operation == "BatchGetItem":
        yield from (("dynamodb:BatchGetItem", table) for table in params["RequestItems"])
    elif service == "dynamodb":
        yield f"dynamodb:{operation}", params["TableName"]
    elif operation == "ListObjectsV2":
        yield "s3:ListBucket", "Objects"
    elif service == "s3":
        yield f"s3:{operation}", f"Objects/{params['Key'].split('/')[0]}/*"
    else:
        yield f"{service}:{operation}", "ScoreQueue"


def _reviewed(function: str, *, seldom: bool = True) -> set[tuple[str, str]]:
    return {(entry["action"], entry["on"]) for entry in REVIEWED[function] if "call" in entry and (seldom or "seldom" not in entry)}


def _feed() -> dict[str, Any]:
    """The examples in docs/events, as the queue hands them over."""
    examples = re.findall(r"^```json\n(.*?)^```", (ROOT / "docs" / "events" / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(examples) >= 6
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(examples)]}


def _asked(path: str, accept: str) -> dict[str, Any]:
    http = {"method": "GET", "path": path, "sourceIp": "127.0.0.1", "userAgent": "", "protocol": "HTTP/1.1"}
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": {"accept": accept},
        "queryStringParameters": {"domain": DOMAIN},
        "requestContext": {"requestId": "r-1", "stage": "$default", "http": http},
        "isBase64Encoded": False,
    }


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    context = tmp_path_factory.mktemp("checkout")
    make_context(context)
    with ExitStack() as kept:
        yield {name: kept.enter_context(laid_out(context, tmp_path_factory.mktemp("image"), name)) for name in DOCKERFILES}


@pytest.fixture(scope="module")
def cloud(build: Build, host_layers: dict[str, Path], images: dict[str, Path]) -> Iterator[Cloud]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Cloud(build, host_layers, images, f"http://{host}:{port}")
    finally:
        server.stop()


def test_from_the_feed_to_the_page_with_the_artefacts_alone(cloud: Cloud) -> None:
    fed = cloud.run("IngestEvents", _feed(), _feed())
    assert fed.answers == [{"batchItemFailures": []}] * 2

    asked = cloud.waiting()
    assert asked["Records"]
    scored = cloud.run("ScoreEnterprise", asked, {})
    assert scored.answers == [{"batchItemFailures": []}, {}]
    assert cloud.waiting()["Records"], "the schedule asks for every enterprise"

    shown = cloud.run("VerifyDomain", _asked(f"/v1/domains/{DOMAIN}", "application/json"), _asked("/verify", "text/html"), _asked("/v1/health", ""))
    assert [answer["statusCode"] for answer in shown.answers] == [200] * 3
    record = json.loads(shown.answers[0]["body"])
    assert (record["domain"], record["status"]) == (DOMAIN, "registered")
    assert DOMAIN in shown.answers[1]["body"]

    talked = _talk(cloud, record["enterprise"]["uscc"])
    for function, run in (("IngestEvents", fed), ("ScoreEnterprise", scored), ("VerifyDomain", shown), ("Assist", talked)):
        assert run.needed <= _reviewed(function), "the function would be refused this"
        assert run.needed >= _reviewed(function, seldom=False), "the function is allowed what it does not need"


def _talk(cloud: Cloud, uscc: str) -> Run:
    """A conversation about the score of an enterprise, by somebody whom an issuer on loopback vouches for."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    begins = int(time.time())
    token = signed(Caller.supplier("u-1", uscc), KeySet([key]), "https://issuer.example", "ecid", (begins, begins + 600))
    event = {**_asked("/v1/assistant/conversations", "application/json"), "routeKey": "ANY /v1/assistant/conversations"}
    event["headers"] |= {"authorization": f"Bearer {token}", "content-type": "application/json"}
    event["requestContext"]["http"]["method"] = "POST"
    with issuing([json.dumps({"keys": [key.as_dict(private=False)]}).encode()]) as (address, _):
        cloud.environment |= {"ECID_ISSUER": "https://issuer.example", "ECID_ISSUER_KEYS": address}
        opened = cloud.run("Assist", event)
        assert opened.answers[0]["statusCode"] == 201, opened.answers
        path = f"/v1/assistant/conversations/{json.loads(opened.answers[0]['body'])['conversation']}/messages"
        questions = ("why is my score what it is?", f"what is on record about {DOMAIN}?")
        asked = cloud.run("Assist", *({**event, "rawPath": path, "body": json.dumps({"question": question})} for question in questions))
    assert [answer["statusCode"] for answer in asked.answers] == [200, 200], asked.answers
    assert all(json.loads(answer["body"])["blocks"] for answer in asked.answers)
    return Run([], opened.needed | asked.needed)

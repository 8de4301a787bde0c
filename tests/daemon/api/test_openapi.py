"""The description of the API, and that it is true."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
import importlib
import json
from pathlib import Path
import pkgutil
import re
import subprocess
import sys
from typing import Any

from jsonschema import Draft202012Validator
import pytest

from opsmonitor.api import schemas
from opsmonitor.api.app import ROUTES
from opsmonitor.api.type_schema import SchemaBuilder
from tests.daemon.api.house import DOCUMENT, House

ROOT = Path(__file__).parents[3]


def documented() -> set[tuple[str, str]]:
    """Return method and path of all that is described."""
    return {
        (method.upper(), path)
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }


def test_routes_are_the_paths() -> None:
    """Every route of the API is described, and nothing else is."""
    specs = [spec for routes in ROUTES for spec in routes.specs]

    assert {(spec.method, spec.path) for spec in specs if spec.tag != "page"} == documented()


def test_every_promised_endpoint_is_there() -> None:
    """The endpoints of the design exist."""
    promised = {
        "/health",
        "/ready",
        "/config",
        "/api/info",
        "/api/registry/raw",
        "/api/registry",
        "/api/status/checks",
        "/api/status/checks/{id}",
        "/api/status/summary",
        "/api/status/events",
        "/api/history/{id}",
        "/api/ops/summary",
        "/api/ops/health",
        "/api/checks/{id}/run",
        "/api/stream",
        "/metrics",
        "/openapi.json",
        "/docs",
    }

    assert promised <= DOCUMENT["paths"].keys()


def test_operation_ids_are_unique() -> None:
    """Programs that generate clients can tell the operations apart."""
    ids = [
        operation["operationId"]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
    ]

    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere() -> None:
    """Each `$ref` of the document points to a component."""
    references = set(re.findall(r'"\$ref": "#/components/(\w+)/(\w+)"', json.dumps(DOCUMENT)))

    assert references
    assert not [
        (kind, name) for kind, name in references if name not in DOCUMENT["components"][kind]
    ]


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_schemas_are_schemas(name: str) -> None:
    """Every component is valid JSON Schema, as OpenAPI 3.1 uses it."""
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_every_body_is_described() -> None:
    """No dataclass of the answers is left out of the document."""
    modules = [
        importlib.import_module(f"{schemas.__name__}.{info.name}")
        for info in pkgutil.iter_modules(schemas.__path__)
    ]
    bodies = {
        name.removesuffix("Body")
        for module in modules
        for name, kind in vars(module).items()
        if is_dataclass(kind) and name.endswith(("Body", "Frame")) and name != "NoBody"
    }

    assert bodies <= DOCUMENT["components"]["schemas"].keys()


def test_query_parameters_are_those_that_validate() -> None:
    """Limits and defaults in the document are those that requests are held to."""
    parameters = DOCUMENT["paths"]["/api/status/events"]["get"]["parameters"]

    assert parameters[0] == {
        "name": "limit",
        "in": "query",
        "description": "How many, newest first",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
    }


def test_scopes_are_described() -> None:
    """What is public needs no token in the document either."""
    health = DOCUMENT["paths"]["/health"]["get"]
    run = DOCUMENT["paths"]["/api/checks/{id}/run"]["post"]

    assert (health["security"], health["x-scope"]) == ([], "public")
    assert (run["security"], run["x-scope"]) == ([{"token": []}], "admin")


async def test_the_document_is_served(house: House) -> None:
    """The daemon answers the very document that is in the repository."""
    served = (await house.get("/openapi.json")).json

    assert served == json.loads((ROOT / "docs/api/openapi.json").read_text())


def test_the_committed_document_is_current() -> None:
    """scripts/openapi --check agrees with what is committed."""
    run = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / "scripts/openapi", "--check"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (run.returncode, run.stdout) == (0, "")


async def test_the_page_of_the_description(house: House) -> None:
    """The page names every path and every shape, and loads nothing from outside."""
    page = (await house.get("/docs")).body.decode()

    assert not [path for path in DOCUMENT["paths"] if f"<code>{path}</code>" not in page]
    assert not [name for name in DOCUMENT["components"]["schemas"] if f'id="{name}"' not in page]
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//|<script|style=|\son\w+=", page)


async def test_code_in_the_page(house: House) -> None:
    """What stands between backticks in a description is code on the page."""
    page = (await house.get("/docs")).body.decode()

    assert "end in <code>Z</code>;" in page
    assert "`" not in page


async def test_links_of_the_page_lead_somewhere(house: House) -> None:
    """Every link within the page has its target, and every file it needs exists."""
    page = (await house.get("/docs")).body.decode()
    targets = set(re.findall(r'href="#([^"]+)"', page))
    files = re.findall(r'(?:src|href)="(/[^"]*)"', page)

    assert targets <= set(re.findall(r'id="([^"]+)"', page))
    assert {(await house.get(path)).status for path in files} == {200}


@dataclass(frozen=True)
class Odd:
    """Something that JSON cannot hold."""

    value: bytes


@dataclass(frozen=True)
class Ambiguous:
    """Something that is one of two things."""

    value: int | str


@pytest.mark.parametrize("kind", [Odd, Ambiguous])
def test_a_type_without_schema_is_refused(kind: type[Any]) -> None:
    """A type that the document could not describe truthfully stops the build."""
    assert fields(kind)
    with pytest.raises(TypeError, match="schema"):
        SchemaBuilder().of(kind)

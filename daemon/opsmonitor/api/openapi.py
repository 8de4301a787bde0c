"""Describe the whole API as an OpenAPI document, from the routes and what they promise: pure."""

from __future__ import annotations

from http import HTTPStatus
import re
from typing import TYPE_CHECKING, Any, Final

from voluptuous_openapi import (  # type: ignore[import-untyped]  # it does not say it is typed
    UNSUPPORTED,
    OpenApiVersion,
    convert,
)

from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.scope import Scope
from opsmonitor.api.type_schema import Schema, SchemaBuilder
from opsmonitor.api.version import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsmonitor.api.routing import Answer, RouteSpec
    from opsmonitor.api.schemas.validation import RequestSchema

_ABOUT: Final = (
    "Times are ISO 8601 in UTC and end in `Z`; units are part of the key; unknown is null."
    " Keys and enum values may be added at any time: ignore those you do not know."
)
_PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def describe(specs: Iterable[RouteSpec]) -> dict[str, Any]:
    """Return the document."""
    builder = SchemaBuilder()
    paths: dict[str, Any] = {}
    for spec in specs:
        if spec.is_documented:
            operations = paths.setdefault(spec.path, {})
            operations[spec.method.lower()] = _operation(spec, builder)
    error = {
        "description": "Any failure",
        "content": {"application/json": {"schema": builder.of(ErrorBody)}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ops Monitor", "version": str(API_VERSION), "description": _ABOUT},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(builder.components.items())),
            "responses": {"Error": error},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(spec: RouteSpec, builder: SchemaBuilder) -> dict[str, Any]:
    """Describe one route."""
    operation: dict[str, Any] = {
        "operationId": f"{spec.method}{re.sub(r'[^a-z]+', '_', spec.path)}".lower(),
        "summary": (spec.handler.__doc__ or "").partition("\n")[0].rstrip("."),
        "tags": [spec.tag],
        "security": [] if spec.scope is Scope.PUBLIC else [{"token": []}],
        "x-scope": spec.scope.name.lower(),
    }
    parameters = [*_path_parameters(spec.path), *_query_parameters(spec.query)]
    if parameters:
        operation["parameters"] = parameters
    if spec.body is not None:
        operation["requestBody"] = {
            "required": False,
            "content": {"application/json": {"schema": _request_schema(spec.body)}},
        }
    answers = {str(status): _answer(status, it, builder) for status, it in spec.answers.items()}
    operation["responses"] = {**answers, "default": {"$ref": "#/components/responses/Error"}}
    return operation


def _answer(status: int, answer: Answer, builder: SchemaBuilder) -> Schema:
    """Describe one answer."""
    schema: Schema = {"type": "string"} if answer.body is None else builder.of(answer.body)
    if answer.frames:
        schema["x-events"] = {name: builder.of(kind) for name, kind in answer.frames.items()}
    return {
        "description": answer.description or HTTPStatus(status).phrase,
        "content": {answer.content_type: {"schema": schema}},
    }


def _path_parameters(path: str) -> list[Schema]:
    """Describe the parameters in a path."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PATH_PARAMETER.findall(path)
    ]


def _query_parameters(query: RequestSchema[Any] | None) -> list[Schema]:
    """Describe the parameters of a query."""
    if query is None:
        return []
    schema = _request_schema(query)
    return [
        {
            "name": name,
            "in": "query",
            "description": value.pop("description", ""),
            "required": name in schema.get("required", ()),
            "schema": value,
        }
        for name, value in schema["properties"].items()
    ]


def _request_schema(request: RequestSchema[Any]) -> Schema:
    """Describe what validates a request."""
    schema: Schema = convert(
        dict(request.keys), custom_serializer=_own, openapi_version=OpenApiVersion.V3_1
    )
    return {**schema, "additionalProperties": False}


def _own(validator: object) -> Any:
    """Describe our own validators, which know their schema."""
    own = getattr(validator, "openapi", None)
    return UNSUPPORTED if own is None else dict(own)

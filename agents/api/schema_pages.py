"""The API schema as a file and as a page without scripts, for signed-in staff."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

if TYPE_CHECKING:
    from django.http import HttpRequest

YAML = "application/vnd.oai.openapi"


def build_schema() -> dict[str, Any]:
    """Return the OpenAPI schema of the code."""
    generator = SchemaGenerator()
    return cast("dict[str, Any]", generator.get_schema(request=None, public=True))


def as_yaml() -> str:
    return bytes(OpenApiYamlRenderer().render(build_schema())).decode("utf-8")


@never_cache
@require_safe
@staff_member_required
def schema(request: HttpRequest) -> HttpResponse:
    """Answer OpenAPI 3.1, as YAML or, when asked for, as JSON."""
    if request.GET.get("format") == "json":
        return JsonResponse(build_schema())
    return HttpResponse(as_yaml(), content_type=f"{YAML}; charset=utf-8")


@never_cache
@require_safe
@staff_member_required
def docs(request: HttpRequest) -> HttpResponse:
    """Show every operation with its fields, answers and refusals."""
    described = build_schema()
    return render(
        request,
        "functions/docs.html",
        {"info": described["info"], "operations": list(_operations(described))},
    )


def _operations(described: dict[str, Any]) -> Any:
    """Yield each operation for the template."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation.get("summary", ""),
                "description": operation.get("description", ""),
                "headers": operation.get("parameters", []),
                "fields": list(_fields(operation, described)),
                "examples": list(_examples(operation.get("requestBody", {}))),
                "answers": [
                    {
                        "status": status,
                        "description": answer.get("description", ""),
                        "examples": list(_examples(answer)),
                    }
                    for status, answer in operation["responses"].items()
                ],
            }


def _fields(operation: dict[str, Any], described: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    found = content.get("application/json", {}).get("schema", {})
    if "$ref" in found:
        name = found["$ref"].rpartition("/")[2]
        found = described["components"]["schemas"][name]
    required = found.get("required", [])
    for name, field in found.get("properties", {}).items():
        yield {
            "name": name,
            "required": name in required,
            "description": field.get("description", ""),
        }


def _examples(part: dict[str, Any]) -> Any:
    content = part.get("content", {}).get("application/json", {})
    for example in content.get("examples", {}).values():
        yield {
            "name": example.get("summary", ""),
            "text": json.dumps(example["value"], indent=2, ensure_ascii=False),
        }

"""The JSON schema of the manifest, made from the models, for editors and for other programs.

Here belongs what turns the models' schema into the published one. The schema says what one file may
look like; it cannot say that names lead somewhere, which `reconciler validate` does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from reconciler.manifest.models import Manifest

SCHEMA_ID: Final = "urn:reconciler:access:v1"

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TITLE: Final = "Access manifest"


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, without what is of no use to an editor."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The schema of a field, with its default unless that is null: the key may be absent."""
        result = super().default_schema(schema)
        if result.get("default", ...) is None:
            del result["default"]
        return result

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the base asks for it
        """No titles for fields: they would repeat the keys."""
        return False


def json_schema() -> dict[str, Any]:  # a JSON schema
    """The schema of a manifest that is one file, or of one of several that repeats the version."""
    return schema_of(Manifest, SCHEMA_ID, _TITLE)


def schema_of(model: type[BaseModel], schema_id: str, title: str) -> dict[str, Any]:  # JSON schema
    """The schema of a file that this model reads."""
    schema = model.model_json_schema(schema_generator=_Generator)
    return {"$schema": _DIALECT, "$id": schema_id, **schema, "title": title}


def schema_text() -> str:
    """The schema as the text of a file, the same on every machine."""
    return text_of(json_schema())


def text_of(schema: Mapping[str, Any]) -> str:  # a JSON schema
    """A schema as the text of a file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"

"""The form of a run file as JSON schema, for editors that complete keys and show what they mean.

It refuses nothing that a run takes, whether a file is whole or builds on another; `minerals check` says the rest.
"""

from __future__ import annotations

from typing import Any

from .run_file import RunFile

#: What may stand in place of a section, as its model says before it is checked.
SHORT = {"Years": "integer", "Intensity": "string", "Severity": "number", "Months": "number"}
BASE = "Run file that this one builds on: a file beside it, or the name of a shipped one."
#: Key that tells kinds of a section apart, which alone must be there.
KIND = "kind"


def editor_schema() -> dict[str, Any]:
    """The JSON schema of a run file (2020-12), as a tree that JSON can hold."""
    schema: dict[str, Any] = _open(RunFile.model_json_schema())
    schema["properties"] = {"base": {"type": "string", "description": BASE}, **schema["properties"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Run file of minerals"}


def _open(node: Any) -> Any:
    """A part of a schema in which nothing need be there, and short forms may stand for long ones."""
    if isinstance(node, list):
        return [_open(each) for each in node]
    if not isinstance(node, dict):
        return node
    out = {key: _open(each) for key, each in node.items() if key not in ("required", "title") or isinstance(each, dict)}
    for key in ("properties", "additionalProperties"):
        below = out.get(key)
        if key == "properties" and isinstance(below, dict):
            out[key] = {name: _or_off(each) for name, each in below.items()}
        elif isinstance(below, dict):
            out[key] = _or_off(below)
    if KIND in node.get("required", ()):
        out["required"] = [KIND]
    section = str(node.get("$ref", "")).rpartition("/")[2]
    if section in SHORT:
        del out["$ref"]
        return {**out, "anyOf": [{"$ref": node["$ref"]}, {"type": SHORT[section]}]}
    if node.get("type") == "array" and node.get("items") == {"type": "string"}:
        # A text alone is a list of one in many places.
        del out["type"], out["items"]
        return {**out, "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}
    return out


def _or_off(node: dict[str, Any]) -> dict[str, Any]:
    """A part of a schema that a table may stand at, which false in its place switches off; any other as it is."""
    ways = [node, *(node.get("anyOf") or node.get("oneOf") or [])]
    if not any("$ref" in way or way.get("type") == "object" for way in ways if isinstance(way, dict)):
        return node
    said: dict[str, Any] = {key: node[key] for key in ("description", "default", "examples") if key in node}
    return {**said, "anyOf": [{key: each for key, each in node.items() if key not in said}, {"const": False}]}

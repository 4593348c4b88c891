"""Plug-ins of the config: one file a kind, found by the name the YAML uses.

A folder of kinds is a package; a kind is a module in it with a model `Options`. To add a
kind is to add a file: `after-hours` in the YAML is `after_hours.py`.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import ModuleType
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from labtool.core.config.types import mistake


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of one package. Used as an annotation, `Annotated[Any, Kinds(PACKAGE)]`,
    an entry of the config becomes its kind's `Options`."""

    package: str

    def names(self) -> list[str]:
        """Every kind's name, as the YAML writes it."""
        return _names(self.package)

    def module(self, name: str) -> ModuleType:
        """The kind's module; the name must be one of `names`."""
        return importlib.import_module(f"{self.package}.{name.replace('-', '_')}")

    def _validate(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise mistake("is not a mapping", "write kind: and its options")
        name = value.get("kind")
        names = self.names()
        if name is None:
            raise mistake("has no kind", f"write kind: and one of {', '.join(names)}")
        if name not in names:
            near = get_close_matches(str(name), names, n=1)
            fix = f"did you mean {near[0]}?" if near else f"write one of {', '.join(names)}"
            raise mistake(f"{name!r} is not a kind", fix)
        return self.module(name).Options.model_validate(value)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        options = [self.module(name).Options for name in self.names()]
        return {"oneOf": [handler(model.__pydantic_core_schema__) for model in options]}


@cache
def _names(package: str) -> list[str]:
    modules = pkgutil.iter_modules(importlib.import_module(package).__path__)
    found = (module.name for module in modules if not module.name.startswith("_"))
    return sorted(name.replace("_", "-") for name in found)

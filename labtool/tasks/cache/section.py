"""The config's section `cache`: sources by name, and how long their numbers are kept."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from labtool.core.config.kinds import Kinds
from labtool.core.config.types import Duration, Slug, mistake

_RESERVED = {"history"}


class Cache(BaseModel):
    """`NAME: {kind: KIND, every: BEAT, ...}` for each source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    history: Duration = Field(
        default=timedelta(days=400), description="How long numbers are kept for plots"
    )
    sources: dict[Slug, Annotated[Any, Kinds("labtool.tasks.cache.sources")]] = Field(
        default_factory=dict
    )

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, data: Any) -> Any:
        """In the file the sources stand beside `history`."""
        if not isinstance(data, dict):
            raise mistake("is not a mapping", "write NAME: {kind: http-json, url: ...}")
        own = {key: value for key, value in data.items() if key in _RESERVED}
        return {**own, "sources": {k: v for k, v in data.items() if k not in _RESERVED}}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        found = handler.resolve_ref_schema(handler(schema))
        sources = found["properties"].pop("sources")
        found["additionalProperties"] = sources.get("additionalProperties", {})
        return dict(found)

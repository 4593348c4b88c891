"""`copy`: a file or a folder to another place, here or in S3; from S3, a file."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from labtool.core.errors import Failed
from labtool.tasks.workflow.activities import _transfer as transfer
from labtool.tasks.workflow.activities._base import ActivityOptions, Context
from labtool.tasks.workflow.activities._places import S3, S3Options, placed
from labtool.tasks.workflow.values import names


class Options(ActivityOptions):
    """From where, and to where: a path, or s3://BUCKET/KEY; one that ends in / is what it goes
    into."""

    source: str = Field(alias="from", min_length=1)
    to: str = Field(min_length=1)
    s3: S3Options = S3Options()

    def texts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """As every activity's."""
        yield "from", names(self.source)
        yield "to", names(self.to)

    def act(self, context: Context) -> Mapping[str, Any]:
        """As every activity's. Raises Failed, Temporary, StateError."""
        self.moved(context, remove=False)
        return {}

    def moved(self, context: Context, *, remove: bool) -> None:
        """Copy, and `remove` what was copied once it is there. Raises as `act`."""
        base = context.config.base
        source = placed(self.source, context.values, base, "from")
        to = placed(self.to, context.values, base, "to")
        if source.startswith(S3):
            self._fetch(source, to, context, remove=remove)
        elif to.startswith(S3):
            bucket, key = self.s3.bucket(to)
            transfer.put_all(Path(source), key, bucket.write, context)
            if remove:
                transfer.remove(Path(source))
        else:
            self._here(Path(source.rstrip("/") or "/"), to, context, remove=remove)

    def _here(self, source: Path, to: str, context: Context, *, remove: bool) -> None:
        target = transfer.target_of(source, to)
        if remove and not source.is_symlink() and not source.exists() and target.exists():
            return  # it was moved before a crash
        transfer.local(source, target, context)
        if remove:
            transfer.same(source, target, context)
            transfer.remove(source)

    def _fetch(self, source: str, to: str, context: Context, *, remove: bool) -> None:
        bucket, key = self.s3.bucket(source)
        if to.startswith(S3) or not key or key.endswith("/"):
            fix = "name a file in from:, and a path in to:"
            raise Failed("only a file comes from S3, and to here", where=source, fix=fix)
        name = key.rpartition("/")[2]
        target = Path(to) / name if to.endswith("/") or Path(to).is_dir() else Path(to)
        transfer.keep(target, bucket.read(key))
        if remove:
            bucket.remove(key)

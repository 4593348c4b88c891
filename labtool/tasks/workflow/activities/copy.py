"""`copy`: a file or a folder to another place, here or in S3, or from there."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from labtool.core.errors import Failed
from labtool.tasks.workflow.activities import _transfer as transfer
from labtool.tasks.workflow.activities._base import ActivityOptions, Context
from labtool.tasks.workflow.activities._from_s3 import bring, place
from labtool.tasks.workflow.activities._places import S3, S3Options, placed
from labtool.tasks.workflow.values import names


class Options(ActivityOptions):
    """From where, and to where: a path, or s3://BUCKET/KEY; one that ends in / is what it goes
    into, and in `from` all that is below it."""

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
            self._put(Path(source), to, context, remove=remove)
        else:
            self._here(Path(source.rstrip("/") or "/"), to, context, remove=remove)

    def _here(self, source: Path, to: str, context: Context, *, remove: bool) -> None:
        target = transfer.target_of(source, to)
        if remove and not source.is_symlink() and not source.exists() and target.exists():
            return  # it was moved before a crash
        into = target != Path(to)
        transfer.local(source, target, context, named_by_source=into)
        if remove:
            transfer.same(source, target, context)
            transfer.remove(source)

    def _put(self, source: Path, to: str, context: Context, *, remove: bool) -> None:
        bucket, key = self.s3.bucket(to)
        if remove and not source.is_symlink() and not source.exists():
            base = transfer.base_of(source, key)
            if any(
                one.name == base or one.name.startswith(f"{base}/") for one in bucket.below(base)
            ):
                return  # it was moved before a crash
        done = transfer.put_all(source, key, bucket.write, context)
        if remove:
            transfer.remove_put(source, done)

    def _fetch(self, source: str, to: str, context: Context, *, remove: bool) -> None:
        if to.startswith(S3):
            fix = "copy it to a path first"
            raise Failed("comes from S3, and goes to it", where=source, fix=fix)
        bucket, key = self.s3.bucket(source)
        # Not all that there is, because of a name that is empty or ends in /.
        if (not key or key.endswith("/")) != self.source.endswith("/"):
            raise Failed("becomes a folder", where=source, fix="look at what it was given")
        target = place(source.removeprefix(S3).partition("/")[0], key, to)
        bring(bucket, key, target, context, remove=remove)

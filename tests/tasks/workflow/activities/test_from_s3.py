"""S3 on moto: all that is below a prefix comes back, and single files, here and by `fetch`."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labtool.core.errors import Failed, Temporary
from labtool.tasks.workflow.activities import copy, fetch, move
from labtool.tasks.workflow.activities._base import Ended
from tests.servers.aws import KEY, REGION, SECRET, Aws
from tests.servers.faults import Fault
from tests.tasks.workflow.activities.acting import act, context, left

MB = 1024 * 1024


@pytest.fixture(scope="module")
def _aws() -> Iterator[Aws]:
    found = Aws().start()
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture
def aws(_aws: Aws) -> Aws:
    _aws.reset()
    where = {"LocationConstraint": REGION}
    _aws.client("s3").create_bucket(Bucket="runs", CreateBucketConfiguration=where)
    return _aws


def put(aws: Aws, **files: bytes) -> None:
    for name, data in files.items():
        aws.client("s3").put_object(Bucket="runs", Key=name, Body=data)


def in_parts(aws: Aws, name: str, *parts: bytes) -> None:
    s3, where = aws.client("s3"), {"Bucket": "runs", "Key": name}
    where["UploadId"] = s3.create_multipart_upload(**where)["UploadId"]
    done = [
        {"PartNumber": n, "ETag": s3.upload_part(Body=data, PartNumber=n, **where)["ETag"]}
        for n, data in enumerate(parts, 1)
    ]
    s3.complete_multipart_upload(MultipartUpload={"Parts": done}, **where)


def keys(aws: Aws) -> list[str]:
    found = aws.client("s3").list_objects_v2(Bucket="runs").get("Contents", ())
    return [one["Key"] for one in found]


def way(aws: Aws) -> dict[str, str]:
    return {"endpoint": aws.url, "region": REGION, "key_id": KEY, "secret": SECRET}


def step(module: Any, aws: Aws, source: str, to: str, **more: Any) -> Any:
    given = {"from": f"s3://runs/{source}", "to": to, "s3": way(aws), **more}
    return module.Options.model_validate(given)


def gets(aws: Aws) -> int:
    found = [one for one in aws.proxy.requests if one.method == "GET" and "/a/" in one.path]
    aws.proxy.reset()
    return len(found)


def test_a_prefix_comes_back_and_what_is_there_is_not_asked_for(tmp_path: Path, aws: Aws) -> None:
    put(aws, **{"a/x": b"1", "a/b c/é": b"2", "a/empty/": b"", "a/": b"", "ab": b"no"})
    in_parts(aws, "a/large", b"3" * 5 * MB, b"4" * 5 * MB)
    act(step(copy, aws, "a/", "out"), tmp_path)
    out = tmp_path / "out"
    assert (out / "x").read_bytes() == b"1"
    assert (out / "b c" / "é").read_bytes() == b"2"
    assert (out / "large").read_bytes() == b"3" * 5 * MB + b"4" * 5 * MB
    assert (out / "empty").is_dir()
    assert sorted(one.name for one in out.iterdir()) == ["b c", "empty", "large", "x"]
    gets(aws)
    act(step(copy, aws, "a/", "out"), tmp_path)
    assert gets(aws) == 0
    # Of the same size, another content is seen.
    put(aws, **{"a/x": b"9"})
    (out / "b c" / "é").write_bytes(b"7")
    os.utime(out / "large", (1, 1))
    act(step(copy, aws, "a/", "out"), tmp_path)
    assert gets(aws) == 4  # the large one in two
    assert [(out / one).read_bytes() for one in ("x", "b c/é")] == [b"9", b"2"]
    act(step(copy, aws, "a/b c/", "into/"), tmp_path)
    assert (tmp_path / "into" / "b c" / "é").read_bytes() == b"2"
    act(step(copy, aws, "", "all"), tmp_path)
    assert (tmp_path / "all" / "a" / "x").read_bytes() == b"9"
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    "key",
    ["a/../evil", "a/b/../../evil", "a//etc/evil", "a/./b", "a/" + "x" * 300, "a/b/", "a/x/y"],
)
def test_a_name_that_no_file_can_have_fails_before_anything_is_copied(
    tmp_path: Path, aws: Aws, key: str
) -> None:
    put(aws, **{"a/0": b"1", "a/x": b"1", key: b"1"})
    with pytest.raises(Failed) as found:
        act(step(copy, aws, "a/", "out/in"), tmp_path)
    assert key[:60] in str(found.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(Failed):
        act(step(move, aws, "a/", "out/in"), tmp_path)
    assert len(keys(aws)) == 3


def test_move_holds_each_against_its_copy_and_then_takes_it_away(tmp_path: Path, aws: Aws) -> None:
    put(aws, **{"a/x": b"1", "a/y/z": b"2", "b": b"stays"})
    in_parts(aws, "a/large", b"3" * 5 * MB, b"4")
    # What has the size and the time, and another content, is no copy.
    act(step(copy, aws, "a/large", "out/"), tmp_path)
    large = tmp_path / "out" / "large"
    times = large.stat()
    large.write_bytes(b"5" * (5 * MB + 1))
    os.utime(large, (times.st_atime, times.st_mtime))
    with pytest.raises(Failed, match="another than its copy"):
        act(step(move, aws, "a/", "out"), tmp_path)
    assert len(keys(aws)) == 4
    large.unlink()
    for _ in range(2):  # the second as after a crash
        act(step(move, aws, "a/", "out"), tmp_path)
        assert keys(aws) == ["b"]
        assert large.read_bytes() == b"3" * 5 * MB + b"4"
    act(step(move, aws, "b", "out/"), tmp_path)
    act(step(move, aws, "b", "out/"), tmp_path)
    assert keys(aws) == []
    with pytest.raises(Failed, match="nothing below"):
        act(step(copy, aws, "a/", "out"), tmp_path)
    with pytest.raises(Failed, match="nothing below"):
        act(step(move, aws, "a/", "other"), tmp_path)


def test_what_is_encrypted_by_keys_of_its_own_moves_too(tmp_path: Path, aws: Aws) -> None:
    aws.client("s3").put_object(Bucket="runs", Key="a/x", Body=b"1", ServerSideEncryption="aws:kms")
    act(step(move, aws, "a/", "out"), tmp_path)
    assert (tmp_path / "out" / "x").read_bytes() == b"1"
    assert keys(aws) == []


def test_a_name_that_is_empty_does_not_make_a_folder_of_it(tmp_path: Path, aws: Aws) -> None:
    put(aws, **{"a/x": b"1"})
    for source, name in (("{n}", ""), ("a/{n}", ""), ("{n}", "a/")):
        with pytest.raises(Failed, match="becomes a folder"):
            act(step(move, aws, source, "out"), tmp_path, {"n": name})
    assert keys(aws) == ["a/x"]


@pytest.mark.parametrize("module", [copy, fetch])
def test_a_large_file_goes_on_where_it_was(tmp_path: Path, aws: Aws, module: Any) -> None:
    data = os.urandom(20 * MB)
    put(aws, **{"a/x": data})
    options = step(module, aws, "a/x", "out/")

    def stop() -> str:
        grown = [one.stat().st_size for one in (tmp_path / "out").glob(".labtool-*.part")]
        return "cancelled" if sum(grown) > 9 * MB else ""

    with pytest.raises(Ended):
        options.act(context(tmp_path, stop=stop))
    assert left(tmp_path)
    aws.proxy.reset()
    options.act(context(tmp_path))
    asked = [one.headers["Range"] for one in aws.proxy.requests if "Range" in one.headers]
    assert asked == [f"bytes={16 * MB}-{20 * MB - 1}"]
    assert (tmp_path / "out" / "x").read_bytes() == data
    assert left(tmp_path) == []


def test_fetch_from_s3(tmp_path: Path, aws: Aws) -> None:
    put(aws, **{"a/x y": b"1"})
    said = act(step(fetch, aws, "a/{n}", "out/", save="got"), tmp_path, {"n": "x y"})
    assert Path(said["got"]).read_bytes() == b"1"
    with pytest.raises(Failed, match="no such file"):
        act(step(fetch, aws, "a/none", "out/"), tmp_path)
    put(aws, large=b"1" * 2000)
    with pytest.raises(Failed, match="largest"):
        act(step(fetch, aws, "large", "out/", largest="1 KB"), tmp_path)
    assert left(tmp_path) == []


def test_what_changes_while_it_is_read_is_read_another_time(tmp_path: Path, aws: Aws) -> None:
    put(aws, **{"a/x": b"1" * 20 * MB})
    seen: list[Any] = []

    def change(one: Any) -> bool:
        seen.extend([one] if "Range" in one.headers else [])
        if len(seen) == 2 and one is seen[1]:
            put(aws, **{"a/x": b"2" * 20 * MB})
        return False

    aws.proxy.inject(Fault.drop(), match=change)
    with pytest.raises(Temporary, match="changed while"):
        act(step(copy, aws, "a/", "out"), tmp_path)
    assert not (tmp_path / "out" / "x").exists()
    aws.proxy.reset()
    act(step(copy, aws, "a/", "out"), tmp_path)
    assert (tmp_path / "out" / "x").read_bytes() == b"2" * 20 * MB


def test_what_leads_out_of_a_folder_is_not_put_there(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("key")
    source = tmp_path / "run"
    source.mkdir()
    (source / "a").write_text("1")
    (source / "inside").symlink_to("a")
    (source / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(source / "pipe")
    for kind in (copy, move):
        options = kind.Options.model_validate({"from": "run", "to": "s3://runs/", "s3": way(aws)})
        with pytest.raises(Failed, match=r"leads out, and was left: \S+run/link, \S+run/pipe"):
            act(options, tmp_path)
        assert keys(aws) == ["run/a", "run/inside"]
    assert (source / "a").exists()
    (tmp_path / "latest").symlink_to(source)
    options = copy.Options.model_validate({"from": "latest", "to": "s3://runs/", "s3": way(aws)})
    with pytest.raises(Failed, match="is a link to a folder"):
        act(options, tmp_path)


def test_what_comes_while_a_folder_is_moved_is_left(aws: Aws, tmp_path: Path) -> None:
    source = tmp_path / "run"
    (source / "deep").mkdir(parents=True)
    for name in ("a", "b", "deep/c"):
        (source / name).write_text(name)
    came = source / "late"

    def beat() -> None:
        """While it is moved."""
        came.write_text("new")
        (source / "a").write_text("another one")

    options = move.Options.model_validate({"from": "run", "to": "s3://runs/", "s3": way(aws)})
    with pytest.raises(Failed, match="changed or came while it was moved"):
        options.act(replace(context(tmp_path), beat=Once(beat)))
    assert came.read_text() == "new"
    assert (source / "a").read_text() == "another one"
    assert not (source / "b").exists()
    act(options, tmp_path)
    assert not source.exists()
    assert keys(aws) == ["run/a", "run/b", "run/deep/c", "run/late"]
    # Killed after it was taken away, it is done again.
    act(options, tmp_path)


class Once:
    """Does something at the second call."""

    def __init__(self, what: Callable[[], None]) -> None:
        self._what, self._left = what, 2

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._what()

"""Text of people in bash commands: it arrives byte for byte, and nothing of it is run."""

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.tasks.jobs.template import TemplateError, compiled

PIECES = (
    "$(touch ran)", "`touch ran`", "; touch ran", "| touch ran", "&& touch ran", "\ntouch ran\n",
    "'; touch ran; '", '"; touch ran; "', "$((a[$(touch ran)]))", "${x:-$(touch ran)}", "*", "~",
    "> ran", "< /etc/passwd", "\\", "\\'", '\\"', "--help", "-e", "-n x", "{a,b}", "!!", "#",
    "$HOME",
    "a[$(touch ran)]", "\x01\x7f", "\t \t", "é🧬\u202e", "%s%n", "'", '"', "''", '""', "$'\\x41'",
    "$", "$$", "(", ")", "{}", "[[", "]]", "\r\n", "", " ", "&", "<<EOF\nx\nEOF", "=x", "\x1b[31m",
)  # fmt: skip
# Each with each: more than two thousand.
CORPUS = [one + other for one in PIECES for other in PIECES]

# As a template has it; what is printed ends with the byte that no parameter has.
TEMPLATES = (
    r"printf '%s\0' {x}",
    r"printf '%s\0' '{x}'",
    r'''printf '%s\0' "{x}"''',
    r"printf '%s\0' a{x}b | sed -z 's/^a//; s/b$//'",
    r"""printf '%s\0' '<'"{x}"'>' | sed -z 's/^<//; s/>$//'""",
    r"""y=$(printf '%s.' "{x}"); printf '%s\0' "${{y%.}}" """,
    r"(printf '%s\0' -- {x}) | tail -zn 1",
    r"x={x}; printf '%s\0' "
    '"$x"',
    r"""printf '%s\0' "$(printf '%s.' '{x}')" | sed -z 's/\.$//'""",
    r"cat <<<{x} | head -c -1; printf '\0'",
)


def ran(template: str, values: list[str]) -> list[bytes]:
    """What a template prints for each of the values; one bash for each."""
    script = compiled(template, {"x"})
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for value in values:
            with tempfile.TemporaryFile() as file:
                file.write(b"".join(value.encode() + b"\0" for _ in script.parameters))
                file.seek(0)
                line = f"exec 3<&{file.fileno()}\n{script.text}"
                done = subprocess.run(
                    ["bash", "-c", line], cwd=folder, capture_output=True, check=False,
                    pass_fds=[file.fileno()], env={"PATH": "/usr/bin:/bin"},
                )  # fmt: skip
            assert done.stderr == b"", (template, value, done.stderr)
            assert done.stdout.endswith(b"\0")
            found.append(done.stdout[:-1])
            assert list(Path(folder).iterdir()) == [], (template, value)
    return found


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_said_arrives_byte_for_byte(template: str) -> None:
    step = len(TEMPLATES)
    values = [*PIECES, *CORPUS[TEMPLATES.index(template) :: step * 2]]
    assert ran(template, values) == [value.encode() for value in values]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_arrives(text: str) -> None:
    assert ran(TEMPLATES[0], [text]) == ran(TEMPLATES[1], [text]) == [text.encode()]


def test_very_long_ones() -> None:
    text = "🧬" * 40_000
    assert ran(TEMPLATES[1], [text]) == [text.encode()]


@pytest.mark.parametrize(
    "template",
    [
        "(( {x} ))", "echo $(( {x} + 1 ))", "[[ {x} -eq 1 ]]", "echo ${y:-{x}}", "echo `echo {x}`",
        "echo $'{x}'", "cat <<EOF\n{x}\nEOF", "eval {x}", "echo \\{x}", "bash -c {x}",
        "sh -ec '{x}'",
        "let {x}", "source {x}", "unset {x}", "declare {x}", "printf -v {x} y", "[ -v {x} ]",
        'echo "$(( {x} ))"', 'echo "`echo {x}`"', "echo '{x}", 'echo "{x}', "echo $({x}", "{x} now",
        "# {x}", "echo a # {x}", "su bob -c {x}", 'echo "${y:-{x}}"', "echo $(eval {x})",
    ],
)  # fmt: skip
def test_where_bash_would_look_into_it_again(template: str) -> None:
    with pytest.raises(TemplateError):
        compiled(template, {"x"})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("awk '{print $1}' <<<ok", "ok\n"),
        ("awk '{{print $1}}' <<<ok", "ok\n"),
        ("y=1; echo ${y} ${{y}}", "1 1\n"),
        ("cat <<E\nhe'llo {y}\nE\n", "he'llo {y}\n"),
        ("echo a#b # it's a comment", "a#b\n"),
        ("echo $((1 + 1)) [[ x ]]", "2 [[ x ]]\n"),
        ("echo it\\'s", "it's\n"),
        ("for i in 1 2; do echo $i; done", "1\n2\n"),
    ],
)
def test_without_parameters_it_is_what_it_was(template: str, text: str) -> None:
    script = compiled(template, set())
    done = subprocess.run(["bash", "-c", script.text], capture_output=True, text=True, check=False)
    assert done.stdout == text

"""A section that is a folder of files."""

from pathlib import Path

from tests.lab import Lab

STEPS = "  version: 2\n  steps:\n    - {name: a, run: 'true'}\n"


def write(lab: Lab, **files: str) -> None:
    folder = lab.folder / "flows"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)


def test_workflows_in_a_folder_of_files(lab: Lab) -> None:
    write(lab, one=f"first:\n{STEPS}second:\n{STEPS}", two=f"third:\n{STEPS}")
    (lab.folder / "flows" / "notes.txt").write_text("{")
    lab.configure({"workflows": "flows/"})
    assert "workflows: 3" in lab.run("check").out
    assert list(lab.run("workflow", "check", "--json").json()) == ["first", "second", "third"]
    lab.run("workflow", "start", "third")
    assert lab.run("workflow", "work").status == 0
    [run] = lab.run("workflow", "list", "--json").json()
    assert (run["state"], run["version"]) == ("completed", "2")


def test_mistakes_have_their_place_in_their_file(lab: Lab) -> None:
    write(
        lab,
        a=f"first:\n{STEPS}",
        b=f"# a comment\nfirst:\n{STEPS}",
        c="third:\n  steps:\n    - {name: a, rum: 'true'}\n",
        d="- no mapping\n",
        e="{",
    )
    lab.configure({"workflows": "flows/"})
    done = lab.run("check")
    assert done.status == 2
    for said in (
        "b.yaml:2: workflows: first is in",
        "c.yaml:3: ",
        "d.yaml:1: workflows: is not a mapping",
        "e.yaml:2: is not valid YAML",
    ):
        assert said in done.err, done.err


def test_a_folder_that_is_not_there(lab: Lab) -> None:
    lab.configure({"workflows": "flows/"})
    done = lab.run("workflow", "check")
    assert done.status == 2
    assert "flows cannot be read" in done.err


def test_secrets_and_variables_of_a_part(lab: Lab) -> None:
    lab.secrets(WORD="a-secret-word")
    steps = '    - {name: a, run: {command: "printf %s $W", save: said, secrets: {W: "${WORD}"}}}\n'
    write(lab, one=f"first:\n  steps:\n{steps}")
    lab.configure({"workflows": "flows/"})
    lab.run("workflow", "start", "first")
    done = lab.run("workflow", "work")
    assert done.status == 0, done.err
    logs = [one.read_text() for one in (lab.state / "logs").rglob("stdout")]
    assert logs
    assert "a-secret-word" not in "".join(logs)
    kept = b"".join(one.read_bytes() for one in Path(lab.state).rglob("*.db*"))
    assert b"a-secret-word" not in kept

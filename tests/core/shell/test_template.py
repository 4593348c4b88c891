"""Text of people in bash commands: it arrives byte for byte, and nothing of it is run."""

import random
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.core.shell.template import TemplateError, compiled

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
    r"""printf -- '%s\0' "{x}" """,
    r"printf '%s\0' a{x}b | sed -z 's/^a//; s/b$//'",
    r"""printf '%s\0' '<'"{x}"'>' | sed -z 's/^<//; s/>$//'""",
    r"""y=$(printf '%s.' "{x}"); printf '%s\0' "${{y%.}}" """,
    r"(printf '%s\0' -- {x}) | tail -zn 1",
    r"""x={x}; printf '%s\0' "$x" """,
    r"""printf '%s\0' "$(printf '%s.' '{x}')" | sed -z 's/\.$//'""",
    r"cat <<<{x} | head -c -1; printf '\0'",
    "cat <<EOF | head -c -1; printf '\\0'\n{x}\nEOF",
    "cat <<-'E' >/dev/null; printf '%s\\0' {x}\n\tit's $(not run) `\n\tE",
    r"""printf '%s\0' "$(case a in (a) printf '%s.' "{x}" ;; b | c) : ;; esac)" """
    r"""| sed -z 's/\.$//'""",
    r"""for i in {x}; do printf '%s\0' "$i"; done""",
    r"""if [ -n '' ]; then :; elif [[ {x} == *$'\n'impossible* ]]; then :; """
    r"""else printf '%s\0' {x}; fi""",
    r"""while true; do printf '%s\0' {x}; break; done; # it's done""",
    r"""{{ export A={x}; readonly B="$A"; printf '%s\0' "$B"; }}""",
    r"""bash ./show {x}""",
    r"""set -euo pipefail; A={x} sh -eu ./show "{x}" """,
    r"""timeout -k 1 10 nice -n 1 env -i PATH=/usr/bin:/bin Y='{x}' ./show {x}""",
    r"""printf '%s' {x} | xargs -0 -I@ printf '%s' @ >/dev/null; """
    r"""printf '%s\0' {x} >out/a-x; tail -zn 1 out/a-x; rm out/*""",
    r"""set -- {x} y; trap 'rm -f out/z' EXIT; printf '%s\0' "$1" """,
    r"""test ! {x} = '' || :; [ "{x}" = y ] || printf '%s\0' {x}; kill -0 $$""",
    r"""printf '%s\0' {x} > >(cat); wait $!""",
    r"""echo $((1 + 2)) `echo it` ${{#y}} >/dev/null; cat <(printf '%s\0' {x})""",
    r"""IFS= read -rd '' y < <(printf '%s\0' {x}); printf '%s\0' "$y" """,
)


def ran(template: str, values: list[str]) -> list[bytes]:
    """What a template prints for each of the values; one bash for each."""
    script = compiled(template)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        _furnish(Path(folder))
        before = sorted(Path(folder).rglob("*"))
        for value in values:
            given = b"".join(value.encode() + b"\0" for _ in script.parameters)
            done = subprocess.run(
                ["bash", "-c", script.text], cwd=folder, capture_output=True, check=False,
                input=given, env={"PATH": "/usr/bin:/bin"},
            )  # fmt: skip
            assert done.stderr == b"", (template, value, done.stderr)
            assert done.stdout.endswith(b"\0")
            found.append(done.stdout[:-1])
            assert sorted(Path(folder).rglob("*")) == before, (template, value)
    return found


def _furnish(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "show").write_text("#!/bin/sh\nprintf '%s\\0' \"$1\"\n")
    (folder / "show").chmod(0o755)


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_said_arrives_byte_for_byte(template: str) -> None:
    at = TEMPLATES.index(template)
    values = [*PIECES[at % 3 :: 3], *CORPUS[at :: len(TEMPLATES) * 2]]
    assert ran(template, values) == [value.encode() for value in values]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_arrives(text: str) -> None:
    assert ran(TEMPLATES[0], [text]) == ran(TEMPLATES[1], [text]) == [text.encode()]


def test_very_long_ones() -> None:
    text = "🧬" * 40_000
    assert ran(TEMPLATES[1], [text]) == [text.encode()]


# Bash, or a program, would look into each of these once more.
REFUSED = (
    # Bash joins lines before it looks for words.
    'echo "$\\\n(eval {x})"',
    "if true; then\\\n {x}; fi",
    "2\\\n>>log {x}",
    "cat <<EOF \\\n{x}\nEOF\n",
    '[[ a == a #"\n]]; eval {x} #"\n]]',
    'x={x}; cat <(:)#$(eval "$x")',
    "x={x}; echo ${{y:-<(sh f)}}",
    "python3.11 -c {x}",
    "TARGET={x} make deploy",
    "export TARGET={x}; make deploy",
    "TARGET={x}; export TARGET; make deploy",
    "env TARGET={x} make deploy",
    "find {x} -type f",
    "find -- {x} -type f",
    "find . -type f {x}",
    "perl5.36 -e {x}",
    "R -e {x}",
    "julia -e {x}",
    "x={x}; trap '$x' EXIT",
    "x={x}; trap '$(( x ))' EXIT",
    "set -- {x}; ssh host \"${{!#}}\"",
    "docker exec web {{sh,-c}} {x}",
    "xé={x}",
    "if\r bash -c {x}",
    "time\x0beval {x}",
    "x={x}; echo ${{x:y}}",
    "set -- {x}; bash \"$1\"",
    "printf '%s' {x} | while read -r l; do ssh host \"$l\"; done",
    "printf '%s' {x} | tee >(sh)",
    "echo {x} | tee >(xargs -I% sh -c %)",
    '(( {x} ))',
    'echo $(( {x} + 1 ))',
    '[[ {x} -eq 1 ]]',
    'echo ${y:-{x}}',
    'echo `echo {x}`',
    "echo $'{x}'",
    "cat <<'EOF'\n{x}\nEOF",
    'eval {x}',
    'echo \\{x}',
    'bash -c {x}',
    "sh -ec '{x}'",
    'let {x}',
    'source {x}',
    'unset {x}',
    'declare {x}',
    'printf -v {x} y',
    '[ -v {x} ]',
    'echo "$(( {x} ))"',
    'echo "`echo {x}`"',
    "echo '{x}",
    'echo "{x}',
    'echo $({x}',
    '{x} now',
    '# {x}',
    'echo a # {x}',
    'su bob -c {x}',
    'echo "${y:-{x}}"',
    'echo $(eval {x})',
    'x={x}; echo $(( $x + 1 ))',
    'x={x}; echo $(( x + 1 ))',
    'x={x}; [[ $x -gt 1 ]]',
    'a[{x}]=1',
    'echo $[ {x} + 1 ]',
    'a=( [{x}]=1 )',
    'read {x} <<<1',
    'readonly {x}',
    'export {x}',
    'f() { local {x}; }; f',
    'mapfile {x} <<<1',
    'getopts a: {x} -a b',
    'wait -n -p {x}',
    'test -n 1 -a -v {x}',
    '[ 1 -a -v {x} ]',
    '[ ! -v {x} ]',
    'test ! -v {x}',
    'trap {x} EXIT',
    "trap 'echo {x}' EXIT",
    '. /dev/stdin <<<{x}',
    'bash <<< {x}',
    'echo {x} | bash',
    'bash -s <<<{x}',
    "bash -o pipefail -c 'echo {x}'",
    "bash -euo pipefail -c 'echo {x}'",
    "bash --norc -c 'echo {x}'",
    'bash --login -c {x}',
    'bash -c -- {x}',
    'bash -O extglob -c {x}',
    'bash +x -c {x}',
    '\\bash -c {x}',
    "'bash' -c {x}",
    "sh '-c' {x}",
    'e\\val {x}',
    "'eval' {x}",
    'bash \\\n -c {x}',
    'rbash -c {x}',
    'b=bash; $b -c {x}',
    'xargs -0 bash -c <<< {x}',
    'script -qc {x} /dev/null',
    'flock l -c {x}',
    'watch -g -t {x}',
    'env -S {x}',
    'timeout 1 {x}',
    'true; {x}',
    'cd . && {x} now',
    'x={x}; echo ${!x}',
    'declare -n r={x}',
    'mapfile -C {x} -c 1 <<<1',
    'complete -C {x}; compgen -C {x}',
    'compgen -W {x}',
    'fc -s {x}',
    'enable -f {x}',
    'hash -p {x} ls; ls',
    'alias l={x}; shopt -s expand_aliases\nalias l={x}\nl',
    'PS4={x}; set -x; true',
    'PROMPT_COMMAND={x}',
    'BASH_ENV={x} bash -s </dev/null',
    "printf '%s' -v; printf -v{x} y",
    "printf '-v' {x} y",
    'sed {x} /etc/hostname',
    "sed 's/a/{x}/' /etc/hostname",
    "awk 'BEGIN{{x={x}}}'",
    'python3 -c \'print("{x}")\'',
    'if {x}; then :; fi',
    '! {x}',
    'x=1 {x}',
    'exec {x}',
    'command {x}',
    'builtin {x}',
    '( {x} )',
    'echo $({x})',
    'echo a | {x}',
    'ssh host "deploy {x}"',
    'ssh host deploy {x}',
    'echo {x} | ssh host',
    'echo {x} | ssh -p 22 host bash -s',
    'echo {x} | ssh host \'read y; eval "$y"\'',
    'echo {x} | xargs env',
    'echo {x} | xargs -I% %',
    "echo {x} | xargs -I% sh -c 'echo %'",
    'echo {x} | sudo -u bob sh',
    "docker exec web sh -c 'echo {x}'",
    'echo {x} | docker exec -i web bash',
    "find . -name {x} -exec sh -c 'echo $1' _ {{}} \\;",
    'make X={x}',
    'RANDOM={x}',
    'SECONDS={x}',
    'GIT_SSH_COMMAND={x} git pull',
    'env PATH={x} ls',
    'x={x}; echo $x',
    'echo $(cat {x})',
    'x=$(cat {x}); for i in $x; do :; done',
    'x={x}; [ $x = y ]',
    '[ {x} {x} ]',
    '[ {x} -a {x} ]',
    # Divided, and taken for patterns.
    "printf '%s' {x} | echo $(cat)",
    'printf %s {x} >f; for i in $(cat f); do echo $i; done',
    'printf %s {x} >f; echo $(<f)',
    "printf '%s\\n' {x} | xargs rm",
    "printf '%s\\n' {x} | xargs -n1 echo",
    'printf %s {x} | { y=$(cat); ls $y; }',
    # Written, and run.
    'echo {x} >run.sh; bash run.sh',
    'echo {x} >"$HOME/run.sh"; "$HOME/run.sh"',
    'echo {x} >"$HOME/run.sh"; bash "$HOME/run.sh"',
    'f=run.sh; echo {x} >$f; bash ./run.sh',
    'echo {x} | tee run.sh; bash run.sh',
    'echo {x} >a; mv a run.sh; . ./run.sh',
    'echo {x} >a; cp a run.sh; source run.sh',
    'echo {x} >a; ln -s a run.sh; python3 run.sh',
    'echo {x} >Makefile; make',
    'echo {x} >q.sed; sed -f q.sed f',
    'echo {x} >q.sed; sed --file=q.sed f',
    'echo {x} >q.awk; awk -f q.awk f',
    'echo {x} | sed --file=- f',
    'echo {x} | sed -f - f',
    'echo {x} | bash //dev/stdin',
    'echo {x} | python3 /dev//fd/0',
    # Programs that run their arguments.
    'taskset 1 {x}',
    'taskset -c {x} ./job',
    'chrt -f 1 {x}',
    'prlimit --cpu=10 {x}',
    'strace -f {x}',
    'strace -o out sh -c {x}',
    'unshare -n {x}',
    'setpriv --reuid=1 {x}',
    'systemd-run --wait {x}',
    'srun -n 4 {x}',
    'chroot {x} ls',
    'chroot /srv sh -c {x}',
    'npx {x}',
    'perl5.36-x86_64-linux-gnu -e {x}',
    'python3.11-dbg -c {x}',
    'git pull origin {x}',
    'git fetch {x}',
    'git clone {x}',
    'git -c {x} status',
    'git grep {x}',
    'rsync {x} host:',
    'tar cf a.tar {x}',
    'sbatch --wrap {x}',
    'sbatch --wrap="job {x}"',
    'sbatch {x}',
    'ansible-playbook -e {x} site.yml',
    'ansible-playbook site.yml {x}',
    'gnuplot -e "y={x}" plot.gp',
    'gnuplot <<END\nset title "{x}"\nEND',
    'octave <<END\ndisp("{x}")\nEND',
    'octave --eval {x}',
    'julia -e {x}',
    'R <<END\nprint("{x}")\nEND',
    'cd {x} && ./deploy',
    'cd /srv/{x}; bash deploy.sh',
    'cd {x} && python3 tools/x.py',
    'printf {x}',
    "printf '%s%n' a {x}",
    'printf "{x}"',
    'echo >&{x}',
    'cat <{x}',
    'echo >/dev/{x}',
    "trap 'eval $x' EXIT; x={x}",
    "x={x}; trap 'echo $(( x ))' EXIT",
    'time -p eval {x}',
    '{{fd}}>x eval {x}',
    '{{bash,-c}} {x}',
    'b{{a,}}sh -c {x}',
    'exec -a y bash -c {x}',
    'command -p eval {x}',
    "x={x}; unset 'a[x]'",
    'x={x}; echo ${{a[x]}}',
    'x={x}; echo ${{y:x}}',
    'x={x}; echo ${{x@P}}',
    'x={x}; echo ${{!x}}',
    'x={x}; for ((i = x; ; )); do :; done',
    'x={x}; coproc $x',
    'select i in {x}; do :; done',
    'echo {x} >run; bash ./run',
    'echo {x} >run; . ./run',
    'echo {x} >run; ./run',
    'python3 -m timeit {x}',
    'python3 - <<<{x}',
    'bash <(echo {x})',
    '. <(echo {x})',
    'set -o {x}',
    'set -{x}',
    'echo {x}; for x; do bash $x; done',
    'cd {x}; $PWD/x',
    ': {x}; $_',
    'psql -c {x}',
    'echo {x} | at now',
    'scp a host:{x}',
    'rsync -e {x} a b',
    'git rebase --exec {x}',
    'tar --to-command={x} -xf y',
    'jq -n 1 | bash; echo {x}',
    'busybox sh -c {x}',
    'nohup bash -c {x}',
    'time bash -c {x}',
    '! bash -c {x}',
    'if bash -c {x}; then :; fi',
    '(bash -c {x})',
    '{{ bash -c {x}; }}',
    'echo `bash -c x` | bash; : {x}',
    'echo ${x}',
    'x=({x})',
    'x[0]={x}',
    'f() {{ :; }}; f {x}',
    'case x in {x}',
    'for i in {x}; do (',
    'cat <<EOF\n$(eval {x})\nEOF',
    'cat <<EOF\n{x}',
    'cat <<{x}\ny\n{x}',
)  # fmt: skip


@pytest.mark.parametrize("template", REFUSED)
def test_where_it_would_be_looked_into_again(template: str) -> None:
    with pytest.raises(TemplateError):
        compiled(template)


# What templates are made of; what people say that would run something.
TOKENS = """
    {x} '{x}' "{x}" ' " $( ) ` ${{x}} x={x} y=$x $x "$x" eval bash sh -c ; | && || [[ ]] -eq
    == [ ] echo printf '%s' <<< <<E case in a) ;; esac for do done if then fi while {{ }} ( ((
    )) \\ # trap read x test -v $(( = ~ * $' export unset $1 "$@" command env exec ! xargs -I%
    % cat <( >( >o <o find -exec a[ ]=1 local declare let source . /dev/stdin ${{!x}} alias
    PS4= RANDOM= & $_ tee sed awk $[
""".split()  # noqa: SIM905  (to be read)
EVIL = ("a[$(touch ran)]", "; touch ran", "$(touch ran)", "touch ran", "' ; touch ran; '",
        '" ; touch ran; "', "-c touch ran", "e touch ran")  # fmt: skip


def test_whatever_is_taken_runs_nothing() -> None:
    """Templates put together at random: of what is taken, and what bash can read, nothing runs."""
    chance = random.Random(5)
    taken = 0
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "o").write_text("a\n")
        while taken < 120:
            words = [chance.choice(TOKENS) for _ in range(chance.randint(1, 9))]
            words.insert(chance.randint(0, len(words)), "{x}")
            template = "".join(word + chance.choice(("", " ", " ", "\n")) for word in words)
            try:
                script = compiled(template)
            except TemplateError:
                continue
            for said in chance.sample(EVIL, 2):
                subprocess.run(
                    ["bash", "-c", script.text], cwd=folder, input=f"{said}\0".encode(),
                    capture_output=True, check=False, timeout=20, env={"PATH": "/usr/bin:/bin"},
                )  # fmt: skip
                assert not (Path(folder) / "ran").exists(), (template, said)
            taken += 1


@pytest.mark.parametrize(
    "template",
    [
        "echo Hello {name}",
        "cd /srv/site && git pull --ff-only && ./deploy.sh {site} 2>&1 | tee log",
        "/usr/local/bin/x --flag='{a}' --other={b} -- {c}", "fab deploy:{site}", "python3 x.py {a}",
        "sudo -u deploy ./x {a} >out/{a}.log", "test -d {a} || mkdir -p -- {a}",
        "source venv/bin/activate && python -m site_tool {a}", "$HOME/bin/deploy {a}",
        "find . -name {a} -print", "sed -i s/a/b/ x.conf; systemctl restart {a}",
        "awk '{print $1}' x; git checkout {branch} && make -C site",
        "printf '%s' {a} | ssh -p 22 me@host ./deploy", "echo {a} | mail -s 'Deploy {a}' me@x.org",
        "for host in a b; do rsync -a site/ $host:/srv/; done; echo {a}",
        "if [ -d /srv/{a} ] && [[ -f y || {a} != z ]]; then ls /srv/{a}; fi",
        "curl -fsS -d '{{\"a\": \"{a}\"}}' https://x.example/", "command -v git; git log {a}",
        "while read -r line; do echo \"$line\" {a}; done <file", "true {a}&& echo $?;exit $?",
        "docker exec web python manage.py adduser {a}", "jq --arg a {a} '.a = $a' x.json",
        "aws s3 cp --recursive out/{a} s3://bucket/{a}/", "bundle exec jekyll build -d {a}",
        "git fetch && git checkout {branch} && git pull", "git clone -- {a} work",
        "rsync -a host:/data/in/ in/ && ./deploy.sh {a}", "tar czf out.tgz ./{a}",
        "x={a}; echo \"$x\" >>log; grep -c ok log", "y=$(date +%F); ./report {a} \"$y\"",
        "for f in *.csv; do ./x \"$f\" {a}; done", "dokku ps:restart {a}", "hugo --baseURL {a}",
        "printf '%s\\0' {a} | xargs -0 -n1 ./x", "printf '%s' {a} > out/{a}.txt; wc -c out/*",
        "printf '%s\\n' {a} | while read -r l; do ./x \"$l\"; done", "kubectl scale deploy/{a}",
        "cd /srv/app && npm run build -- {a}", "Rscript plot.R {a}", "julia --project=. run.jl {a}",
        "nice -n 10 ./x {a}", "timeout 60 ./x {a}", "taskset -c 1 ./x {a}", "srun -n 4 ./x {a}",
        "flock lock ./x {a}", "systemctl status {a}", "conda run -n lab python x.py {a}",
        "sbatch -- job.sh {a}", "cd {a} && git status && ls",
    ],
)  # fmt: skip
def test_what_people_write_is_taken(template: str) -> None:
    assert compiled(template).parameters


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("awk '{print $1}' <<<ok", "ok\n"),
        ("awk '{{print $1}}' <<<ok", "ok\n"),
        ("y=1; echo ${{y}}", "1\n"),
        ("cat <<E\nhe'llo ${{y}}\nE\n", "he'llo \n"),
        ("echo a#b # it's a comment", "a#b\n"),
        ("echo $((1 + 1)) [[ x ]]", "2 [[ x ]]\n"),
        ("echo it\\'s", "it's\n"),
        ("for i in 1 2; do echo $i; done", "1\n2\n"),
        ("echo $((1<<3))", "8\n"),
        ("echo [[", "[[\n"),
        ("tr [[] x <<<a[", "ax\n"),
        ("((echo a && echo b) | wc -l)", "2\n"),
        ('x="$(cat <<EOF\nhi\nEOF\n)"; echo $x', "hi\n"),
        ("echo ${{#HOME}} $(( (1+2)*((3+4)) ))", "0 21\n"),
    ],
)
def test_without_parameters_it_is_what_it_was(template: str, text: str) -> None:
    script = compiled(template)
    done = subprocess.run(
        ["bash", "-c", script.text], capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stdout == text


@pytest.mark.parametrize("value", [b"ab\xc3", b"\xff\xfe", b"\xf0\x9f", b"\xe2\x82", b"\xc3 x"])
def test_what_is_no_whole_text_arrives(value: bytes) -> None:
    script = compiled("printf '%s' {x}{y}; echo $LC_ALL")
    for locale in ({"LC_ALL": "C.UTF-8"}, {"LANG": "C.UTF-8"}, {}):
        done = subprocess.run(
            ["bash", "-c", script.text], capture_output=True, check=False,
            input=value + b"\0end\0", env={"PATH": "/usr/bin:/bin", **locale},
        )  # fmt: skip
        assert done.stdout == value + b"end" + locale.get("LC_ALL", "").encode() + b"\n"


def test_without_its_parameters_nothing_runs() -> None:
    script = compiled("echo removing /data/{x}; echo {y}")
    for shell, said in (("bash", b""), ("bash", b"one\0"), ("sh", b"one\0two\0")):
        done = subprocess.run(
            [shell, "-c", script.text], capture_output=True, check=False, input=said
        )
        assert (done.returncode, done.stdout) == (125, b""), shell
        assert b"has not got its parameters" in done.stderr

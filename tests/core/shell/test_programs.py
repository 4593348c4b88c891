"""Programs that are known to interpret what they are told, and what usual templates do."""

import os
import subprocess
from pathlib import Path

import pytest

from labtool.core.shell.template import TemplateError, compiled

REFUSED = r"""
printf %s {x} >f; echo $(command cat f)
curl -o f https://x/{x}; echo $(cat f)
cd {x}; rm $(pwd)/a
x={x}; ls >out/$x
x={x}; ls >>out/${x%.txt}
{ echo $(cat); } <<<{x}
exec <<<{x}; echo $(cat)
printf '%s' {x} > f; xargs -a f rm
printf '%s' {x} > f; xargs -0 -a f env
printf '%s\0' {x} | xargs -0 git clone
printf '%s\0' {x} | xargs -0 find
printf '%s\0' {x} | xargs -0 tar cf a.tar
printf '%s\0' {x} | xargs -0 docker exec
printf '%s\0' {x} | xargs -0 -I% bash %
echo {x} | dd of=run.sh; sh run.sh
sort -o run.sh <<<{x}; sh run.sh
curl -o run.sh https://x/{x}; sh run.sh
curl --output=run.sh https://x/{x}; sh run.sh
sed -n 'w run.sh' <<<{x}; sh run.sh
awk '{print > "run.sh"}' <<<{x}; sh run.sh
f=a; f=run.sh; echo {x} >"$f"; sh ./run.sh
f=run; f+=.sh; echo {x} >"$f"; sh ./run.sh
f=run.sh.txt; echo {x} >"${f%.txt}"; sh ./run.sh
read f <list; echo {x} >"$f"; sh ./run.sh
f=$(mktemp); echo {x} >"$f"; mv "$f" run.sh; sh run.sh
f=$(mktemp); echo {x} >"$f"; bash "$f"
f=$(mktemp); echo {x} >"$f"; . "$f"
d=$(mktemp -d); echo {x} >"$d/run"; "$d/run"
cat >run.py <<<{x}; python3 -m run
cat >conf.py <<<{x}; python3 tools.py
cat >rules.mk <<<{x}; make
cat >rules.mk <<<{x}; make --makefile=rules.mk
echo {x} >package.json; npm run x
echo {x} >fabfile.py; fab x
echo {x} >a; mv a Dockerfile; docker build .
echo {x} >.git/hooks/post-checkout; git checkout main
echo {x} >plot.gp; gnuplot plot.gp
echo {x} >f.m; octave g.m
echo {x} | bash ../../dev/stdin
echo {x} | bash /./dev/stdin
echo {x} | bash /proc/$$/fd/0
cd /dev; echo {x} | bash stdin
cd /proc/self/fd; echo {x} | bash 0
echo {x} | uv run -
echo {x} | bc -l
{ bc; } <<<{x}
printf %s {x} >f; exec <f; bc
echo {x} | sbatch
echo {x} | chroot /srv
echo {x} | unshare -n
echo {x} | guile
echo {x} | octave-cli
nsenter -t 1 {x}
nsenter --target 1 --mount {x}
setpriv --reuid 1 {x}
systemd-run --unit u {x}
systemd-run -p ExecStartPre={x} ls
srun --ntasks 4 {x}
srun --prolog {x} ./a
sbatch --export=ALL,A={x} job.sh
strace -o {x} ls
env -C {x} ./run
gosu bob {x}
faketime 1 {x}
mpirun -n 4 {x}
busybox {x}
/lib64/ld-linux-x86-64.so.2 {x}
proxychains4 {x}
docker exec web {x}
docker exec -u bob web {x}
docker exec -e A=1 web {x}
docker exec -e PATH={x} web ls
docker exec {x} ./show {y}
docker compose -p {x} exec web {y}
docker run img {x}
docker run --entrypoint {x} img
docker run --entrypoint sh img -c {x}
podman exec web python3.11 -c {x}
kubectl exec pod -- {x}
kubectl -n {x} exec pod -- {y}
lxc exec c -- {x}
apptainer exec img {x}
apptainer shell {x}
conda run -n lab {x}
micromamba run -n lab {x}
poetry run {x}
uv run -P a {x}
npm exec -c {x}
yarn dlx {x}
bunx {x}
pipx run {x}
pipx run --spec {x} y
go run {x}
bsub "x {x}"
pdsh -w a {x}
autossh h {x}
smbclient //a/b -c "put {x}"
x86_64-linux-gnu-python3 -c {x}
java -jar {x}
java -XX:OnError={x} -jar a.jar
luajit -e {x}
git -c alias.x={x} x
git -c core.pager={x} log
git --exec-path={x} status
git {x}
git grep -O{x} a
git clone --config a={x} b
git submodule foreach 'echo {x}'
git archive --remote={x} main
git config -- alias.x {x}
scp -o ProxyCommand={x} a h:
scp -oProxyCommand={x} a h:
ansible-playbook site.yml -e 'x={x}'
cd {x} && python3 -m tools
echo {x} | awk '{{system($0)}}'
echo {x} | awk '{{print | "sh"}}'
echo {x} | awk '{{"date " $0 | getline}}'
echo {x} | sed 's/.*/&/e'
echo {x} | sed -n '/re/e'
echo {x} | sed --expression='s,a,b,2e'
command cd {x}; ./run
tar cf a.tar *; ./show {x}
tar cf a.tar {,b}{x}
docker exec -e "BASH_ENV={x}" web bash s.sh
docker exec --env=BASH_ENV={x} web bash s.sh
docker exec -eBASH_ENV={x} web bash s.sh
docker exec -e {x} web bash s.sh
docker run --env {x} img
docker exec {-e,A=1} web {x}
kubectl create job x --image=i -- {x}
multipass exec h -- {x}
ch-run img -- {x}
sg lab -c {x}
sg lab "run {x}"
rename "s/a/{x}/" *.txt
mlr --icsv filter '$name == "{x}"' a.csv
bioawk -c fastx '$name == "{x}"' a.fa
jq ".name == \"{x}\"" a.json
jq --arg {x} y '$n' a.json
jq -L {x} . a.json
yq ".a = \"{x}\"" a.yml
exiftool -if '$Artist eq "{x}"' in
sed p -e s/a/{x}/ list
sed -i '' 's/a/{x}/' list
sed p {x}
awk '{print}' x={x}
awk -v n={x} '{print n}' list
python3 manage.py shell -c "f('{x}')"
rails runner "f('{x}')"
wp eval {x}
datalad run ./x {x}
fab -H host -- {x}
split --filter={x} a
split a {x}
sort --compress-program={x} a
sort {x}
rg {x} docs
fd {x}
yt-dlp {x}
rclone copy {x} out
convert {x} out/a.png
man {x}
pdflatex "\def\name{{x}}\input{report}"
ssh host '$(cat)' <<<{x}
printf %s {x} | ssh host 'echo $(( $(cat) ))'
printf %s {x} | ssh host 'read c; $c'
mpirun.openmpi -n 4 {x}
vim.basic -c {x}
bash-5.2 -c {x}
xonsh -c {x}
emacsclient -e {x}
BORG_PASSCOMMAND={x} borg list
BORG_RSH={x} borg list
LUA_INIT={x} lua a.lua
SINGULARITYENV_LD_PRELOAD={x} singularity run a.sif
python3 - {x} <<<{y}
echo {x} >out/a; python3 - {y} <out/a
bash -s {x} <<'END'
bash -s -- {x}
A={x}; python3 - {x}
echo {x} | bash -s -- a
echo {x} >q.sql; sqlite3 a.db '.read q.sql'
time -p eval {x}
export A={x}; script -c 'eval $A'
A={x} sqlite3 a.db '.shell $A'
A={x}; tmux new -d 'eval $A'
A={x} python3 -c 'import os; os.system(os.environ["A"])'
read -r A <<<{x}; watch -g 'eval $A'
cd {x}; sqlite3 a.db '.read run'
cd {x}; perl -e 'do "./a.pl"'
cd {x}; sg lab ./run
echo {x} >out/e; BASH_ENV=out/e bash show
echo {x} >out/c; export GIT_CONFIG_GLOBAL=out/c; git status
echo "A={x}" >.env; docker compose up
echo "- hosts: {x}" >out/c.yml; ansible-playbook out/c.yml
echo {x} >out/s.smk; snakemake -s out/s.smk
cat <<<"name: {x}" | kubectl apply -f -
docker build -t x - <<<"RUN echo {x}"
""".strip().splitlines()

USUAL = [
    'curl -fsS "https://x.example/api?q={x}"',
    'curl -fsS -o out/page.html https://x.example/{x} && ./read out/page.html',
    'curl -s https://x.example/{x} | jq -r .name',
    'rsync -a host:/data/in/ in/ && ls in/{x}',
    'rsync -av --delete ./out/{x}/ host:/srv/x/',
    './script.sh {x}',
    './script.sh {x} > out/run.log 2>&1',
    './script.sh {x} 2>&1 | tee -a log/script.log',
    'python3 tools/x.py --name {x}',
    'python3 tools/x.py --name={x} --out out/{x}.csv',
    'python3 tools/x.py {x} > out/x.json && python3 tools/y.py out/x.json',
    'python3 -m tools.x {x} | python3 -m tools.y > out/y.txt',
    'echo {x} | mail -s hello a@b.org',
    "printf '%s' {x} > out/{x}.txt",
    'git fetch -q && git checkout -q {x} -- && ./deploy.sh',
    'git checkout {x} && make deploy',
    'git log --oneline --author={x} | head -5',
    'git pull --ff-only && make && ./notify {x}',
    'git commit -m {x} && git push',
    'git commit -am "change of {x}" && git push origin main',
    'git add -- {x}; git commit -m x -- {x}',
    'git tag v{x} && git push origin v{x}',
    'git push origin HEAD:refs/heads/{x}',
    'git config user.name {x}; git commit -m y',
    'log=$(mktemp); ./deploy {x} >"$log" 2>&1; ./notify "$log"',
    'log=out/deploy.log; ./deploy {x} >"$log" 2>&1 || { tail "$log"; exit 1; }; ./notify',
    'tmp=$(mktemp -d); ./build {x} "$tmp" && rsync -a "$tmp/" host:/srv/; rm -rf "$tmp"',
    'for f in $(ls in); do ./x "$f"; done; echo {x} done',
    'for f in in/*.csv; do python3 tools/x.py --name {x} "$f"; done',
    'for id in $(docker ps -q); do docker restart $id; done; ./notify {x}',
    'command -v git >/dev/null || exit; docker stop $(docker ps -q --filter name=web); ./go {x}',
    'n=$(ls in | wc -l); echo "$n files for {x}"',
    'n=$(wc -l < in.txt); [ "$n" -gt 3 ] && ./x {x}',
    'sum=$(echo "2 * 3" | bc); ./x {x} "$sum"',
    'ls *.csv | xargs -n1 ./convert; ./notify {x}',
    "find in -name '*.csv' -print0 | xargs -0 -n1 python3 tools/x.py; ./notify {x}",
    "printf '%s\\0' {x} | xargs -0 -n1 python3 tools/x.py",
    "printf '%s\\n' {x} | xargs -d '\\n' -n1 ./x",
    "printf '%s\\n' {x} | sort -u > out/names.txt; wc -l out/names.txt",
    "printf '%s\\n' {x} | sed 's/ /_/g' | tr A-Z a-z",
    "printf '%s' {x} | awk -F, '{print $1}' > out/first.txt",
    'printf \'%s\' {x} | awk \'/a|b/ {print $1 | "sort -u"}\'',
    'awk -F, \'$1 == "x" {print $2}\' in.csv; echo {x}',
    "sed -i 's/a/b/' conf.ini && ./deploy.sh {x}",
    "sed -n '2,5p' in.txt; echo {x}",
    "sed -e 's/e/f/' -e 's/there/here/' in.txt | head; echo {x}",
    'docker exec web python manage.py adduser {x}',
    'docker exec -i web ./load.sh {x}',
    'docker exec -it -u app web ./x {x}',
    'docker run --rm -v "$PWD:/data" lab/tool:1 tool --name {x}',
    'docker run --rm -e NAME={x} lab/tool',
    'docker logs --tail 20 {x}',
    'docker restart {x}',
    'docker exec {x} ls',
    'docker compose up -d && docker compose exec -T web ./x {x}',
    'docker compose run --rm web python manage.py x {x}',
    'docker build -t lab/x:{x} . && docker push lab/x:{x}',
    'kubectl exec deploy/web -- ./x {x}',
    'kubectl -n lab rollout restart deploy/{x}',
    'kubectl logs -l app={x} --tail=10',
    'singularity exec --nv tool.sif tool --in {x}',
    'apptainer exec -B /data:/data tool.sif tool {x}',
    'conda run -n lab python x.py {x}',
    'conda run --no-capture-output -n lab snakemake --config sample={x}',
    'poetry run python x.py {x}',
    'poetry run pytest -k {x}',
    'uv run python x.py {x}',
    'uv run x.py {x}',
    'uv run --with pandas x.py {x}',
    'npm run build -- --site={x}',
    'npm exec -- eslint {x}',
    'npx -y prettier --check {x}',
    'pipx run black {x}',
    'bundle exec jekyll build -d out/{x}',
    'bundle exec rake deploy[{x}]',
    'sbatch job.sh {x}',
    'sbatch --job-name={x} --time=1:00:00 job.sh {x}',
    'sbatch -J {x} -p short job.sh',
    'sbatch --parsable --dependency=afterok:1 job.sh {x}',
    'srun -n 4 ./x {x}',
    'srun --ntasks 4 --mem 8G ./x {x}',
    'squeue -u {x}',
    'scancel --name={x}',
    'mpirun -n 4 ./x {x}',
    'mpirun -np 4 --hostfile hosts python3 sim.py {x}',
    'java -Xmx4g -jar tool.jar {x}',
    'Rscript plot.R {x}',
    'Rscript --vanilla plot.R {x}',
    'julia --project=. run.jl {x}',
    'octave --no-gui x.m {x}',
    'matlab -batch run_all; echo {x}',
    'gnuplot plot.gp && mail -s {x} a@b.org < plot.png',
    'snakemake --config sample={x} -j4',
    'nextflow run main.nf --sample {x}',
    'pdflatex report.tex && cp report.pdf out/{x}.pdf',
    'pandoc -o out/{x}.pdf notes.md && ./publish out/{x}.pdf',
    'convert in.png -resize 50% out/{x}.png',
    'ffmpeg -i in/{x}.mov out/{x}.mp4',
    'tar czf out/{x}.tgz -C in .',
    'tar xzf in/{x}.tgz -C out && ls out',
    'zip -r out.zip -- {x}',
    'aws s3 cp out/{x} s3://b/{x}',
    'aws s3 sync s3://b/in in && ./run.sh {x}',
    'scp out/report.pdf host:/srv/report.pdf && echo {x}',
    'ssh host ./restart.sh; echo {x}',
    "printf '%s' {x} | ssh host ./deploy",
    'sudo systemctl restart {x}',
    'sudo -u www-data ./deploy {x}',
    'sudo -n /usr/local/bin/x {x}',
    'systemctl is-active {x} || systemctl start {x}',
    'journalctl -u {x} -n 20 --no-pager',
    'flock /tmp/l ./x {x}',
    'timeout 60 ./x {x}',
    'nice -n 10 taskset -c 0,1 ./x {x}',
    'strace -c -f ./x {x}',
    'systemd-run --user --wait ./x {x}',
    'env NAME={x} ./x',
    'NAME={x} ./x',
    'export NAME={x}; ./x',
    'cd /srv/site && git pull && ./deploy.sh {x}',
    'cd /srv/site; source venv/bin/activate; python manage.py x {x}',
    '. ./env.sh; ./x {x}',
    'source ~/.profile; x {x}',
    '"$HOME/bin/x" {x}',
    '~/bin/x {x}',
    'case {x} in a) ./a ;; b*) ./b ;; *) echo no; exit 2 ;; esac',
    'if [ {x} = all ]; then ./all; else ./one {x}; fi',
    '[ -f in/{x} ] || { echo "no {x}" >&2; exit 1; }',
    'mkdir -p out/{x} && cp -r tpl/. out/{x}/',
    'mv -- in/{x} done/',
    'cp tpl.txt out/{x}.txt && ./publish out/{x}.txt',
    'rm -rf -- "/srv/tmp/{x}"',
    'ln -sfn releases/{x} current && sudo systemctl reload web',
    'ls -la -- {x} | head -20',
    'grep -rn -- {x} docs | head',
    'grep -c {x} log || true',
    'date +%F; echo {x}',
    'wget -q -O in/data.csv https://x.example/data.csv && python3 load.py {x}',
    'wget -q https://x.example/{x}.csv',
    "jq --arg n {x} '.name = $n' a.json > b.json && mv b.json a.json",
    "jq -r '.[] | .name' a.json; echo {x}",
    'python3 tools/x.py <<END\nname: {x}\nEND',
    'cat > out/conf.ini <<END\nname = {x}\nEND',
    'while read -r a b; do ./x "$a" {x}; done < list.txt',
    'printf \'%s\\n\' {x} | while IFS= read -r l; do echo "got $l"; done',
    'ansible-playbook site.yml --limit web; echo {x}',
    'ansible-playbook -- {x}.yml',
    'make -C site && ./x {x}',
    'make deploy && echo {x}',
    'fab deploy:{x}',
    'dokku ps:restart {x}',
    'dokku run app ./x {x}',
    'hugo --baseURL https://x/{x}/',
    'jekyll build -d {x}',
    'terraform apply -auto-approve -var name={x}',
    'echo "$(date) {x}" >> log.txt',
    'gzip -c in/{x} > out/{x}.gz',
    'labtool workflow start sequencing-run path={x}',
    'notify-send "Deploy" {x}',
    'xvfb-run -a ./x {x}',
    'perf stat ./x {x}',
    'go run ./cmd/x {x}',
    'bash scripts/deploy.sh {x}',
    'sh -eu deploy.sh {x}',
    'perl tools/x.pl {x}',
    'node tools/x.js {x}',
    'ruby tools/x.rb {x}',
    'php artisan x {x}',
    'time -p ./x {x}',
    'psql -p 5432 lab -c "select 1"; ./x {x}',
    'snakemake -j 4 --config sample={x} > out/log 2>&1',
    'kubectl apply -f site.yml && ./notify {x}',
    'cat <<<"name: {x}" | docker exec -i web ./load',
    'docker build -t lab/x:{x} . > out/build.log',
    "awk -F, '{print $2}' in/{x}.csv > out/{x}.txt",
    "sed -n '2,5p' in/{x}.txt",
    "jq -r .name in/{x}.json",
    "jq '.name = $n' --arg n {x} a.json",
    "jq -n --arg n {x} '$n'",
    "python3 - {x} <<'END'\nimport sys\nprint(sys.argv[1])\nEND",
    "perl -pi -e 's/a/b/' conf && ./x {x}",
    "python3 -c 'print(1)' > out/a.txt; ./x {x}",
    "Rscript -e 'rmarkdown::render(\"a.Rmd\")' && ./publish {x}",
    "sqlite3 lab.db 'select name from runs' > out/names.txt; ./x {x}",
    "psql lab -c 'refresh materialized view runs' && ./notify {x}",
    'crontab -l | grep -c x; ./x {x}',
    'ansible-playbook -l {x} site.yml',
    'sudo --user lab ./x {x}',
    'sg lab ./deploy.sh; ./notify {x}',
    'docker rename web {x}',
    'docker exec -e "NAME={x}" web ./x',
    'samtools view -b in/{x}.sam | samtools sort -o out/{x}.bam',
    'kubectl create configmap c --from-literal=a={x}',
    'kubectl create job x --image=i -- ./x {x}',
    'tar czf out.tgz ./*.csv; ./notify {x}',
    'python3 manage.py runjob {x}',
    'pdflatex -jobname {x} report',
    "printf '%s' {x} | ssh host './deploy \"$(cat)\"'",
]  # fmt: skip


@pytest.mark.parametrize("template", REFUSED)
def test_what_would_be_interpreted_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        compiled(template)


@pytest.mark.parametrize("template", USUAL)
def test_what_labs_write_is_taken(template: str) -> None:
    assert compiled(template).parameters


# What would run something, if anybody looked at it once more.
EVIL = (
    "touch ran", "; touch ran", "$(touch ran)", "\ntouch ran\n", "a[$(touch ran)]", "*",
    "-c touch ran", "--upload-pack=touch ran", "-oProxyCommand=touch ran", "ext::sh -c touch% ran",
    "--checkpoint-action=exec=touch ran", "-exec touch ran ;", "s/.*/touch ran/e", "1e touch ran",
    'BEGIN{system("touch ran")}', "--eval=$(shell touch ran)", "--config=alias.x=!touch ran",
    "main; touch ran", "x:$(touch ran)", "' touch ran '", "../../ran", "-Ctouch ran", "😀" * 10_000,
)  # fmt: skip
RUN = r"""
./script {x}
./script.sh {x} 2>&1 | tee -a log
log=out/deploy.log; ./script {x} >"$log" 2>&1; ./script "$log"
log=$(mktemp); ./script {x} >"$log" 2>&1; ./script "$log"; rm "$log"
printf '%s\0' {x} | xargs -0 -n1 python3 tools/x.py --name
printf '%s\0' {x} | xargs -0 -I% ./script a%b
printf '%s' {x} | xargs -d '\n' -n1 ./script
for f in $(ls out); do ./script "$f"; done; ./script {x}
find . -name out -print0 | xargs -0 -n1 ./script; find . -name {x}
printf '%s\n' {x} | sed -e 's/e/f/' -es/a/b/ | awk '/a|b/ {print $1 | "sort -u"}'
sum=$(echo '2 * 3' | bc); ./script {x} "$sum"
y={x}; ./script ${#y} "$y"; ls tools >"out/$y.txt"
git checkout -q {x} --
git log -1 --author={x}
git -C . clone -q -- {x} out/work
git fetch -q -- {x}; git ls-remote -q -- {x}; git push -q -- {x}
git commit -q --allow-empty -m {x}; git config user.name {x}
git grep -e x -- {x}
rsync -a -- {x} out/to; rsync -a out/ out/to/ --exclude={x}
tar cf out/a.tar -- {x}; tar czf out/{x}.tgz tools
timeout 20 nice -n 1 taskset -c 0 setpriv --nnp ./script {x}
strace -f -c ./script {x}
prlimit --nofile=100 chrt -o 0 ./script {x}
flock out/lock env A={x} B={x} ./script {x}
docker exec -i -e A={x} web python3 tools/x.py --name={x}
printf '%s' {x} | docker exec -i web ./script
kubectl exec pod/{x} -- ./script {x}
cd tools && python3 x.py {x} && python3 -m json.tool --help
export A={x}; ./script "$(date +%F)" "$A"
cat >out/conf.ini <<<"name={x}"; python3 tools/x.py out/conf.ini
awk '{print $1}' ./{x}; awk -F, -v n=3 '{print n}' out/{x}.csv
sed -n 1p ./{x}; sed -e p -e s/a/b/ out/{x}.txt
perl -pe 's/a/b/' script && python3 -c 'print(1)' && ./script {x}
time -p ./script {x}
sort -k 2 -- {x}; split -- {x}
sqlite3 out/a.db 'select 1'; ./script {x}
tar cf out/a.tar ./*; ./script {x}
docker exec -e "A={x}" web ./script {x}
""".strip().splitlines()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with scripts, a repository, and programs that run others as Docker's would."""
    folder = tmp_path_factory.mktemp("workspace")
    for name in ("out", "tools", "bin"):
        (folder / name).mkdir()
    (folder / "tools/x.py").write_text("import sys\nprint(sys.argv[1:])\n")
    scripts = {
        "script": 'printf "%s|" "$@"',
        "script.sh": 'printf "%s|" "$@"',
        # docker exec [options] NAME PROGRAM...; kubectl exec NAME -- PROGRAM...
        "bin/docker": 'shift; while [ "${1#-}" != "$1" ]; do [ "$1" = -e ] && shift; shift; done\n'
        'shift; exec "$@"',
        "bin/kubectl": 'shift; while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
    }
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("template", RUN)
def test_of_what_is_taken_nothing_that_was_said_runs(template: str, workspace: Path) -> None:
    script = compiled(template)
    about = {
        "PATH": f"{workspace / 'bin'}:{os.environ['PATH']}",
        "HOME": str(workspace),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
    }
    for said in EVIL:
        done = subprocess.run(
            ["bash", "-c", script.text], cwd=workspace, env=about, check=False, timeout=60,
            input=said.encode() + b"\0", capture_output=True,
        )  # fmt: skip
        assert not list(workspace.rglob("ran")), (template, said, done.stderr)
        assert b"syntax error" not in done.stderr, (template, said)

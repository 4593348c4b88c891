# Shared by scripts/run, test, check and bench: a virtual environment with labtool in it.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

die() { say "$*"; exit 1; }

# The newest python3 that is new enough; its path on standard output.
find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "labtool needs Python 3.11 or newer. On Debian/Ubuntu: sudo apt install python3 python3-venv; on macOS: brew install python"
}

# Make .venv, once, and install labtool into it with the extras that $1 names.
# It is installed again only when pyproject.toml changed since.
prepare() {
    local extras=$1 stamp=".venv/.installed-$1" python
    if [ ! -x .venv/bin/python ]; then
        python=$(find_python)
        say "making .venv with $python"
        "$python" -m venv .venv || die "python3 -m venv failed. On Debian/Ubuntu: sudo apt install python3-venv"
    fi
    if [ ! -f "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
        say "installing labtool${extras:+ with what ${extras//,/ and } needs} (a minute)"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check \
            --editable ".${extras:+[$extras]}" || die "pip could not install labtool; see above"
        touch "$stamp"
    fi
}

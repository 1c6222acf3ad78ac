#!/bin/sh
# Makes .venv, or brings it up to date: tools/environment.sh REQUIREMENTS STAMP
# A failure prints one line, and an unfinished .venv is removed.
# PYTHON may name the interpreter; without it the first one that is new enough is used.
set -u
requirements=$1
stamp=$2
venv=.venv
log=$(mktemp)
unfinished=

fail() {
    echo "kubesim: $*" >&2
    exit 1
}

tidy() {
    status=$?
    rm -f "$log"
    [ -z "$unfinished" ] || rm -rf "$venv"
    exit "$status"
}
trap tidy EXIT
trap 'exit 130' INT TERM HUP

version() {
    "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        found=$(version "$PYTHON") || fail "PYTHON=$PYTHON does not run: is it installed?"
        new_enough "$PYTHON" || fail "Python 3.11 or newer is needed, and PYTHON=$PYTHON is $found"
        python=$PYTHON
        return
    fi
    for python in python3 python3.13 python3.12 python3.11; do
        new_enough "$python" && return
    done
    found=$(version python3) || found=missing
    fail "Python 3.11 or newer is needed, and python3 is $found: install one, or name one: PYTHON=/path/to/python3 make ..."
}

make_venv() {
    find_python
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python has no venv module: install it (Debian, Ubuntu: apt install python3-venv) and try again"
    echo "kubesim: making $venv with Python $(version "$python"), once: about a minute and 300 MB"
    unfinished=yes
    rm -rf "$venv"
    "$python" -m venv "$venv" >"$log" 2>&1 || fail "$python could not make $venv: $(tail -n 1 "$log")"
}

# Python compiles what it imports, once; of all that is installed, that is a fifth.
pip_install() {
    "$venv/bin/python" -m pip install --no-compile --quiet --disable-pip-version-check --no-input "$@" >"$log" 2>&1 &&
        return
    if grep -qE 'Connection|connection|Name or service|name resolution|timed out|from versions: none' "$log"; then
        fail "no package index could be reached: the first run needs one, later runs do not"
    fi
    fail "pip could not install $requirements: $(grep -m 1 ERROR "$log" || tail -n 1 "$log")"
}

other_python() {
    [ -n "${PYTHON:-}" ] && [ "$(version "$PYTHON")" != "$(version "$venv/bin/python")" ]
}

install_package() {
    pip_install --no-deps --no-build-isolation --editable .
    "$venv/bin/jupyter" lab --version >"$log" 2>&1 || fail "JupyterLab does not run: $(tail -n 1 "$log")"
}

# Without its first stamp an environment was never finished.
if [ ! -e "$venv/.lab" ] || other_python; then make_venv; fi
pip_install -r "$requirements"
install_package
touch "$venv/.lab" "$stamp"
unfinished=

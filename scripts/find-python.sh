#!/bin/sh
# Prints the path of a Python interpreter for the environment: $PYTHON if it is set, else the first
# Python 3.11, else 3.10, in $PATH or in pyenv's versions. Interpreters that do not run (such as a pyenv
# shim of a version that is not selected) or lack the venv module are skipped.

runs() {
    "$1" -c "import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] not in '$2')" \
        >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    if runs "$PYTHON" "3.11 3.10"; then
        command -v "$PYTHON"
        exit 0
    fi
    echo "PYTHON=$PYTHON is not a Python 3.11 or 3.10 with the venv module." >&2
    exit 1
fi

folders=$(printf '%s' "$PATH" | tr ':' '\n')
pyenv=${PYENV_ROOT:-$HOME/.pyenv}

for version in 3.11 3.10; do
    found=$(
        {
            printf '%s\n' "$folders" | sed "s|\$|/python$version|"
            ls -d "$pyenv/versions/$version".*/bin/python 2>/dev/null
            printf '%s\n' "$folders" | sed "s|\$|/python3|"
        } | while IFS= read -r candidate; do
            if [ -x "$candidate" ] && runs "$candidate" "$version"; then
                printf '%s\n' "$candidate"
                break
            fi
        done
    )
    if [ -n "$found" ]; then
        printf '%s\n' "$found"
        exit 0
    fi
done

echo "No Python 3.11 or 3.10 with its venv module was found: install one (on Debian or Ubuntu" \
    "python3.11 and python3.11-venv, on macOS python@3.11) or name it: make PYTHON=/path/to/python3.11" >&2
exit 1

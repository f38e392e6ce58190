#!/bin/sh
# Prints the path of a Python interpreter for the environment: $PYTHON if it is set, else the newest
# supported version in $PATH or in pyenv's versions. Interpreters that do not run (such as a pyenv shim of
# a version that is not selected) or lack the venv module are skipped.
# With a version as the argument, prints an interpreter of this version; with --supported, prints the
# supported versions.

supported="3.13 3.12 3.11"

runs() {
    "$1" -c "import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] not in '$2'.split())" \
        >/dev/null 2>&1
}

case "${1:-}" in
    --supported)
        echo "$supported"
        exit 0
        ;;
    "")
        if [ -n "${PYTHON:-}" ]; then
            if runs "$PYTHON" "$supported"; then
                command -v "$PYTHON"
                exit 0
            fi
            echo "PYTHON=$PYTHON is not a Python of $supported with the venv module." >&2
            exit 1
        fi
        ;;
    *)
        supported=$1
        ;;
esac

folders=$(printf '%s' "$PATH" | tr ':' '\n')
pyenv=${PYENV_ROOT:-$HOME/.pyenv}

for version in $supported; do
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

echo "No Python of $supported with its venv module was found: install one (on Debian or Ubuntu python3" \
    "and python3-venv, on macOS python@3.13) or name it: make PYTHON=/path/to/python3.13" >&2
exit 1

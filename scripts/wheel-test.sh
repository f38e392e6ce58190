#!/bin/sh
# Tests the wheel outside of the repository, for `make wheel-test`: installs it into an empty environment
# as in README.md, starts a project, trains on a sample and predicts.
# Usage: sh scripts/wheel-test.sh PYTHON
set -eu

python=$1
repository=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

# The caller's packages must not be found.
unset PYTHONPATH
"$python" -m venv "$scratch/env"
PATH="$scratch/env/bin:$PATH"
mkdir "$scratch/source"
# Building writes files beside setup.py, so it uses a copy.
tar -cf - --exclude=./.venv --exclude=./resources --exclude=./out --exclude=./build --exclude=./.git \
    . | tar -xf - -C "$scratch/source"
show pip wheel --quiet --no-deps --wheel-dir "$scratch/dist" "$scratch/source"
rm -rf "$scratch/source"

cd "$scratch"
show pip install --quiet dist/*.whl
show dts-ee install-requirements
show dts-ee init my-project
cd my-project
if [ -d "$repository/resources/minilm" ]; then
    show dts-ee fetch minilm --from "$repository/resources"
else
    show dts-ee fetch minilm
fi
sample=$repository/fixtures/sample
ALLENNLP_LOG_LEVEL=${ALLENNLP_LOG_LEVEL:-WARNING}
export ALLENNLP_LOG_LEVEL
TRAIN_DATA=$sample/news_train.json
DEVELOPMENT_DATA=$sample/news_dev.json
TEST_DATA=$sample/news_test.json
export TRAIN_DATA DEVELOPMENT_DATA TEST_DATA
show dts-ee train own.jsonnet -s out/own --overrides '{"trainer.num_epochs": 3}'
show dts-ee evaluate out/own/model.tar.gz "$TEST_DATA"
mkdir "$scratch/elsewhere"
mv out/own/model.tar.gz "$scratch/elsewhere"
cd "$scratch/elsewhere"
rm -rf "$scratch/my-project"
echo '{"text": "Marta Lindqvist lives in Tarnby."}' > input.jsonl
show env HF_HUB_OFFLINE=1 dts-ee predict model.tar.gz input.jsonl --output-file predictions.jsonl
show dts-ee render predictions.jsonl predictions.html
test -s predictions.html
printf '\nThe wheel works.\n'

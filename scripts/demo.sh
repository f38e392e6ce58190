#!/bin/sh
# Runs AllenNLP's commands on the sample corpus, for `make demo`.
set -eu

PATH="$PWD/${VENV:-.venv}/bin:$PATH"
export PATH

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

show allennlp fetch minilm
show allennlp train experiments/sample_minilm.jsonnet --include-package dts_ee -s out/sample --force
show allennlp evaluate out/sample/model.tar.gz fixtures/sample/news_test.json \
    --include-package dts_ee --output-file out/sample/test_metrics.json
show dts-ee keep out/sample --name news-small --licence Apache-2.0 \
    --description "Finds people, places and organisations, and how they are related, in news." \
    --metrics out/sample/test_metrics.json
show dts-ee predict news-small --text "Marta Lindqvist lives in Tarnby."
show allennlp predict out/sample/model.tar.gz fixtures/input.jsonl \
    --output-file out/sample/predictions.jsonl --include-package dts_ee --silent
show allennlp render out/sample/predictions.jsonl out/sample/predictions.html \
    --include-package dts_ee

cat <<'END'

Done. The sample corpus is small and made up: the scores only show that everything runs.

  archive            out/sample/model.tar.gz, and a copy by the name news-small (dts-ee models)
  metrics, training  out/sample/metrics.json
  metrics, test      out/sample/test_metrics.json
  predictions        out/sample/predictions.jsonl
  page               out/sample/predictions.html  (open it in a browser)

Next, with `. .venv/bin/activate`:

  dts-ee predict news-small --text "..."              in any folder
  allennlp fetch --list                               what can be fetched, and its licence
  allennlp fetch conll04 mpnet glove-6b-50d
  allennlp train experiments/conll04.jsonnet --include-package dts_ee -s out/conll04

`dts-ee` and `allennlp` are the same commands, in any folder.
END

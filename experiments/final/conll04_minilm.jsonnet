local with_development = import '../lib/with_development.libsonnet';

with_development(import '../conll04_minilm.jsonnet')

"""
The commands of this package, each in a module of its own.

`subcommands` registers them with AllenNLP; `light` lists those that `dts-ee` runs without AllenNLP.
"""

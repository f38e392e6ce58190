"""Tensor code: encoders, embedders, kernels, span extractors and pair features."""

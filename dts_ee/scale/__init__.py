"""
Predicts corpora of any size: Arrow batches in, Arrow batches out, by one of several engines.

The modules need pyarrow, which is not a requirement of the package: see `dts_ee.scale.extras`.
"""

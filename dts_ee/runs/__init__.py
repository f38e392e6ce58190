"""
Running experiments with several seeds: training, evaluation, and tables of the results.
"""

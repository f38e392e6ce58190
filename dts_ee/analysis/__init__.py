"""
Analyses of a model's predictions, and of the files of a corpus.
"""

"""
What is to be said about a model's predictions, and about the files of a corpus.
"""

"""
Encoders that are not trained: their files, how they run over sentences, and what keeps their
output.
"""

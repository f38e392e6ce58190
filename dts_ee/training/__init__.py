"""
What a training shows of itself.
"""

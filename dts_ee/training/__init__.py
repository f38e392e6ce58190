"""
A training: how its epochs are made and chosen, and what it shows of itself.
"""

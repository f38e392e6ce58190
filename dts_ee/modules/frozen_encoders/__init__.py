"""Frozen encoders: their files, their computation, and the cache of their features."""

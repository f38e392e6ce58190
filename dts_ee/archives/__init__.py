"""
The archives of models, as files: written with checksums, and read as data that may be hostile.
"""

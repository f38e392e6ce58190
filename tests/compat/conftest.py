"""
The patches are applied before a test imports a function of AllenNLP by its name.
"""

import dts_ee.compat  # noqa: F401

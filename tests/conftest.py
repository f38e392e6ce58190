"""
What holds for all tests.
"""

from hypothesis import settings

# A slow or busy machine is no failure.
settings.register_profile("dts_ee", deadline=None)
# For `make fuzz`.
settings.register_profile("fuzz", deadline=None, max_examples=2000)
settings.load_profile("dts_ee")

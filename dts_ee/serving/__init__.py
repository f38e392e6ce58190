"""
A trained model behind an address: requests are checked, put together in batches, and answered.

FastAPI, uvicorn, prometheus_client and fastapi_offline come with the extra `serve`. They are
imported where they are first used: whoever does not serve need not have them, nor wait for them.
"""

from dts_ee.serving.serving_settings import ServingSettings

__all__ = ["ServingSettings"]

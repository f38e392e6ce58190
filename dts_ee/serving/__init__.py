"""
An HTTP server for a trained model: requests are checked, batched, and answered.

FastAPI, uvicorn, prometheus_client and fastapi_offline come with the extra `serve`. They are
imported where they are used, so that other commands need not have them, nor wait for them.
"""

from dts_ee.serving.serving_settings import ServingSettings

__all__ = ["ServingSettings"]

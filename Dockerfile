# Serves the archive that is mounted at /model.tar.gz; see docs/serving.md.

FROM python:3.13-slim AS build
# For the packages of the lock that have no wheel for this machine.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/dts_ee
COPY . .
# Without it torch brings CUDA with it, several gigabytes: see docs/gpu.md.
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1
RUN python scripts/install.py

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 server
# The environment and the code, in the place for which they were installed.
COPY --from=build /opt/dts_ee /opt/dts_ee
ENV PATH=/opt/dts_ee/.venv/bin:$PATH PYTHONUNBUFFERED=1
USER server
WORKDIR /home/server
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=5)"]
ENTRYPOINT ["dts-ee", "serve-dts", "/model.tar.gz", "--host", "0.0.0.0", "--port", "8000"]

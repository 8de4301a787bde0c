FROM python:3.11-slim AS build
WORKDIR /src
COPY locks/daemon.txt locks/daemon.txt
RUN python -m venv /opt/opsmonitor \
    && /opt/opsmonitor/bin/pip install --no-cache-dir --require-hashes -r locks/daemon.txt
COPY pyproject.toml README.md LICENSE ./
COPY daemon daemon
RUN /opt/opsmonitor/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin opsmonitor \
    && install -d -o opsmonitor -g opsmonitor /data /config
COPY --from=build /opt/opsmonitor /opt/opsmonitor
COPY checks.yml /config/checks.yml
ENV PATH=/opt/opsmonitor/bin:$PATH PYTHONUNBUFFERED=1
USER opsmonitor
VOLUME /data
EXPOSE 8060
# Readiness would turn unhealthy on a bad checks.yml, which a restart cannot mend; this asks only whether it lives.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8060/health', timeout=4)"]
# Reached from outside the container, so every request but /health needs the token written to /data at the first start.
CMD ["opsmonitor", "run", "--config", "/config/checks.yml", "--data", "/data", "--host", "0.0.0.0"]

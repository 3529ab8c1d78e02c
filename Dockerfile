# One image for web, worker, migrate and check. See docs/deployment.md.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /app
COPY requirements/main.txt requirements/main.txt
RUN python3 -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-compile --require-hashes \
        --only-binary :all: -r requirements/main.txt \
    && /venv/bin/pip uninstall --yes pip
COPY . .
# Compiled here: a read-only container cannot store bytecode at its start.
RUN install -m 0755 deploy/container/entrypoint.sh /venv/bin/easymo-container \
    && /venv/bin/python -m compileall -q -j 0 /venv/lib agents easymo rollout vouchers

FROM ${BASE}
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000
RUN groupadd --gid 10001 easymo \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp easymo \
    && install -d -o 10001 -g 10001 -m 0700 /keys
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["easymo-container", "health"]
ENTRYPOINT ["easymo-container"]
CMD ["web"]

# docker build -t bench .                                                   any machine; on x86-64 with PyTorch for NVIDIA GPUs, as on PyPI
# docker build --build-arg TORCH_INDEX=URL -t bench:cpu .                   with PyTorch from another package index, such as its CPU builds
# docs/install.md shows how to run it.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ARG TORCH_INDEX=
WORKDIR /source
COPY .ci/requirements.txt constraints.txt
RUN python -m venv /opt/bench && \
    if [ -n "$TORCH_INDEX" ]; then \
      /opt/bench/bin/pip install --no-cache-dir --constraint constraints.txt --no-deps --index-url "$TORCH_INDEX" torch; \
    fi
COPY LICENSE README.md pyproject.toml ./
COPY harness harness
COPY reports reports
COPY strategies strategies
COPY tasks tasks
RUN /opt/bench/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:${PYTHON}
# /cache is for any user, because `docker run --user` names the one who owns the mounted folder.
RUN useradd --no-create-home --home-dir /cache --uid 1000 bench && mkdir --mode=1777 /cache
COPY --from=build /opt/bench /opt/bench
ENV PATH=/opt/bench/bin:$PATH \
    HOME=/cache \
    HF_HOME=/cache/huggingface \
    BENCH_CACHE_DIR=/cache/bench
WORKDIR /work
USER 1000
ENTRYPOINT ["bench"]
CMD ["--help"]

# The course under JupyterLab, for a user who is not root; Binder and docs/container.md use it.
#
#   docker build -t softmoe-edu .
#   docker run --rm --init -p 127.0.0.1:8888:8888 softmoe-edu
#
# BASE is Python 3.11 on Debian 12. It is pinned by its digest, and packages by container/constraints.txt.
ARG BASE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

FROM ${BASE} AS wheel
# The version, such as the name of a tag; without it, the newest release that pyproject.toml names.
ARG VERSION=
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
COPY . .
RUN pip install --constraint container/constraints.txt hatchling hatch-vcs setuptools-scm \
    && if [ -n "$VERSION" ]; then export SETUPTOOLS_SCM_PRETEND_VERSION="$VERSION"; fi \
    && pip wheel --no-deps --no-build-isolation --wheel-dir /wheel .

FROM ${BASE}
# For a GPU: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130, and `docker run --gpus all`.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# Of dask, graders, hf and voila, with commas between them.
ARG EXTRAS=hf
# Binder names its user.
ARG NB_USER=jovyan
ARG NB_UID=1000
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1

COPY container/constraints.txt /opt/softmoe-edu/
RUN PIP_ROOT_USER_ACTION=ignore pip install --constraint /opt/softmoe-edu/constraints.txt \
    --extra-index-url "$TORCH_INDEX" torch
COPY --from=wheel /wheel /opt/softmoe-edu/wheel
# notebook is the command that Binder starts.
RUN PIP_ROOT_USER_ACTION=ignore pip install --constraint /opt/softmoe-edu/constraints.txt \
    --extra-index-url "$TORCH_INDEX" "$(echo /opt/softmoe-edu/wheel/*.whl)[$EXTRAS]" notebook

RUN adduser --disabled-password --gecos "" --uid "$NB_UID" "$NB_USER"
ENV USER=${NB_USER} HOME=/home/${NB_USER}
WORKDIR ${HOME}
USER ${NB_USER}
RUN softmoe-edu deliver lessons
EXPOSE 8888
CMD ["softmoe-edu", "lab", "lessons", "--no-browser", "--ip", "0.0.0.0", "--port", "8888"]

#!/usr/bin/env bash
# Gather what scripts/gpu_check.py needs beside torch, for a Linux machine without a network that has Python 3.12.
#     scripts/gpu_wheels.sh DIR [PACKAGE ...]      by default all that such a machine seldom has
# There then: python3 -m pip install --no-deps --no-index DIR/*.whl
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?the folder for the wheels}
shift
packages=("$@")
if [ ${#packages[@]} -eq 0 ]; then
  packages=(antlr4-python3-runtime filelock hydra-core hydra-joblib-launcher hypothesis iniconfig Jinja2 joblib
    markdown-it-py MarkupSafe mdurl omegaconf packaging pluggy psutil Pygments pytest PyYAML rich sortedcontainers)
fi
python=.venv/bin/python
[ -x "$python" ] || python=python3
mkdir -p "$folder"
for package in "${packages[@]}"; do
  # The version that rnnlab is tested with, written as pip freeze writes it.
  pinned=$(grep -iE "^${package//[-_]/[-_]}==" constraints.txt || true)
  if [ "$package" = antlr4-python3-runtime ]; then
    # There is no wheel of it: one is built.
    "$python" -m pip wheel --quiet --no-deps --wheel-dir "$folder" "${pinned:-$package}"
    continue
  fi
  "$python" -m pip download --quiet --no-deps --only-binary=:all: --dest "$folder" --python-version 3.12 \
    --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
    --platform manylinux2014_x86_64 "${pinned:-$package}"
done
ls "$folder"

#!/bin/sh
# Pins every dependency with hashes, for all platforms. Needs uv on PATH; run it as `make lock`.
set -eu
cd "$(dirname "$0")/.."
pin="uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command=make\ lock"
eval $pin -o requirements/base.txt pyproject.toml
eval $pin -c requirements/base.txt -o requirements/services.txt requirements/services.in
eval $pin -c requirements/base.txt -o requirements/test.txt pyproject.toml --extra fuzz --group test
eval $pin -c requirements/test.txt -o requirements/bench.txt --group bench
eval $pin -o requirements/build.txt --group build

#!/usr/bin/env bash
# Builds the wheel and the source archive, installs one of them into a new environment, and tries it there.
#
#   .ci/install.sh PREFIX [wheel|archive] [EXTRAS]
#
# The container image is made by this script, and CI runs it with a scratch folder as PREFIX.
set -euo pipefail
prefix=${1:?usage: .ci/install.sh PREFIX [wheel|archive] [EXTRAS]}
kind=${2:-wheel}
extras=${3:-web}
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A copy: building writes into the tree that it reads, and results, tests and pictures are not part of a wheel.
mkdir "$work/tree"
tar -C "$root" --exclude=./.git --exclude='./.venv*' --exclude=./build --exclude=./dist --exclude='*.egg-info' \
    --exclude=__pycache__ -cf - . | tar -C "$work/tree" -xf -
"$python" -m venv "$work/build"
"$work/build/bin/python" -m pip install -q build
"$work/build/bin/python" -m build --outdir "$work/dist" "$work/tree" >"$work/build.log" 2>&1 || {
    tail -40 "$work/build.log" >&2
    exit 1
}
case $kind in
    wheel) file=$(ls "$work"/dist/*.whl) ;;
    archive) file=$(ls "$work"/dist/*.tar.gz) ;;
    *) echo "install.sh: $kind is neither wheel nor archive" >&2 && exit 2 ;;
esac
size=$(stat -c %s "$(ls "$work"/dist/*.whl)")
if [ "$size" -gt $((32 * 1024 * 1024)) ]; then
    echo "install.sh: the wheel has $size bytes; at most 32 MiB are wanted" >&2
    exit 1
fi

"$python" -m venv "$prefix"
"$prefix/bin/python" -m pip install -q "$file[$extras]"
"$prefix/bin/python" -m pip check >/dev/null

# Away from the tree, so that only what was installed is found.
cd "$work"
"$prefix/bin/ferbench" --version
"$prefix/bin/ferbench" doctor
if [[ ",$extras," == *,dask,* ]]; then
    "$prefix/bin/dask" scheduler --version
fi
"$prefix/bin/python" - <<'PYTHON'
from ferbench.datasets import make_faces
from ferbench.models import load_bundle, pretrained

faces = make_faces(21, random_state=0)
print("labels of drawn faces by what ships:", *load_bundle(pretrained()["ferbench-net-xs"]).predict(faces.images[:3]))
PYTHON
"$prefix/bin/python" -m ferbench.cli best --help >/dev/null

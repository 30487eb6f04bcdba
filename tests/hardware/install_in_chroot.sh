#!/bin/bash
# Does requirements.txt install with Debian's own Python and pip, and does the system's picamera2
# still load beside it? To be run as root in a throw-away Debian, from a checkout: see
# docs/testing.md.
set -u

python=/usr/bin/python3
machine=$(cd "$(dirname "$0")/machine" && pwd)
failed=0
check() { # check WHAT COMMAND...: says whether the command succeeds
    local what=$1
    shift
    if "$@" > /tmp/check.out 2>&1; then
        echo "ok      $what"
    else
        echo "FAILED  $what: $(tail -3 /tmp/check.out | tr '\n' ' ')"
        failed=$((failed + 1))
    fi
}
fails() { ! "$@"; }

# Raspberry Pi's repository has picamera2 as a package, Debian's has not: it is laid where that one
# lies. What it needs there was compiled for Debian's numpy; a module that does nothing else stands
# for that.
system_picamera2() {
    "$python" -m pip install --quiet --break-system-packages --root-user-action ignore --no-deps \
        picamera2 videodev2 tqdm piexif Pillow simplejpeg PiDNG || return
    local packages name
    packages=$("$python" -c 'import site; print(site.getsitepackages()[0])')
    cp "$machine/pykms.py" "$packages/"
    # shellcheck disable=SC2046  they are options
    gcc -shared -fPIC -x c -o "$packages/made_for_debians_numpy.so" - \
        $("$python" -c 'import numpy, sysconfig; print("-I" + numpy.get_include(), "-I" + sysconfig.get_path("include"))') << 'C' || return
#include <Python.h>
#include <numpy/arrayobject.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "made_for_debians_numpy"};
PyMODINIT_FUNC PyInit_made_for_debians_numpy(void) { import_array(); return PyModule_Create(&module); }
C
    for name in libcamera prctl; do # bookworm's libcamera has no Python bindings
        "$python" -c "import $name" 2> /dev/null ||
            printf 'import sys\nfrom unittest import mock\nsys.modules[__name__] = mock.MagicMock()\n' > "$packages/$name.py"
    done
}
its_numpy() { "$1" -c 'import numpy; print(numpy.__version__, numpy.__file__)'; }
has_debians_numpy() { [ "$(its_numpy "$1")" = "$(its_numpy "$python")" ]; }
works() { # works PYTHON: an event of the demo, through video, detector and JPEG
    PYTHONPATH=. "$1" -m pimotion replay --annotate /tmp/seen.mp4 pimotion/demo/lawn.mp4 | grep '"start"'
}
all_at_once() { PYTHONPATH=. "$1" -c 'import picamera2, made_for_debians_numpy, cv2, simplejpeg, av, zmq, pimotion.cli'; }

echo "--- $("$python" --version), numpy $(its_numpy "$python"), $("$python" -m pip --version | cut -d' ' -f1,2)"
check "the system's picamera2 loads" eval 'system_picamera2 && "$python" -c "import picamera2"'

for option in "" --system-site-packages; do
    echo "--- venv $option"
    environment=/tmp/environment$option
    # shellcheck disable=SC2086  empty or one word
    "$python" -m venv $option "$environment"
    inside=$environment/bin/python
    check "pip installs it" "$inside" -m pip install --quiet -r requirements.txt
    check "and finds nothing amiss in it" fails eval '"$inside" -m pip check | grep -vE "^(picamera2|No broken)"'
    check "it works" works "$inside"
    "$inside" -m pip list --format freeze | grep -E '^(numpy|opencv|simplejpeg|av|paho|pydantic|pyzmq)' | tr '\n' ' '
    echo
    if [ -n "$option" ]; then
        check "Debian's numpy is left as it is" has_debians_numpy "$inside"
        check "picamera2 loads, with all the rest in one process" all_at_once "$inside"
    fi
done

if "$python" -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; then
    echo "--- the trap that requirements.txt goes round"
    "$inside" -m pip install --quiet --upgrade numpy opencv-python-headless
    check "a newer OpenCV and its numpy would break picamera2" fails all_at_once "$inside"

    echo "--- the oldest packages that requirements.txt allows" # newer Pythons have no wheels of them
    oldest=/tmp/environment-oldest
    "$python" -m venv "$oldest"
    sed -E 's/^([A-Za-z-]+)>=([0-9.]+)/\1==\2.*/' requirements.txt > /tmp/oldest.txt
    check "pip installs them" "$oldest/bin/python" -m pip install --quiet --only-binary :all: -r /tmp/oldest.txt
    check "it works" works "$oldest/bin/python"
fi
echo "--- $failed failed"
exit "$failed"

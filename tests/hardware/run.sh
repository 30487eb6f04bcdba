#!/bin/bash
# Runs the tests that want devices over stand-ins for them. As root, on a Linux with qemu and
# mmdebstrap (apt-get install qemu-system-x86 mmdebstrap); nothing on it is changed.
#
#   tests/hardware/run.sh pi         the real picamera2 over libcamera's virtual camera (1 min)
#   tests/hardware/run.sh devices    V4L2: vivid, and a USB camera that is told what to do (6 min)
#   tests/hardware/run.sh service    installed, killed, hung, broken, updated, rebooted, removed (12 min)
#   tests/hardware/run.sh install    requirements.txt on Debian's own Python, beside picamera2 (3 min)
#   tests/hardware/run.sh walk       docs/raspberry-pi.md, up to a real Home Assistant (10 min)
#
# SUITE=bookworm does all but `pi` on the older Debian. The image is made at the first run.
set -euo pipefail
cd "$(dirname "$0")/../.."
machine=$PWD/tests/hardware/machine
export LAB=${LAB:-/var/tmp/pimotion-lab} SUITE=${SUITE:-trixie}
[ -f "$LAB/vm/$SUITE/root.ext4" ] || "$machine/make_image.sh"

pytest='python -m pytest -q -p no:cacheprovider'
case ${1:-} in
pi)
    "$machine/in_chroot.sh" "
        touch /tmp/pi.control
        export LIBCAMERA_LOG_LEVELS='*:FATAL' PIMOTION_HARDWARE=1 PYTHONDONTWRITEBYTECODE=1
        export GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.perturb=255
        export PIMOTION_PI_STANDIN=hardware.machine.virtual_pi PIMOTION_PI_CONTROL=/tmp/pi.control
        PYTHONPATH=tests $pytest tests/hardware/test_pi_camera.py tests/hardware/test_picamera_signatures.py"
    ;;
devices)
    "$machine/in_vm.sh" -t 1800 "
        modprobe vivid n_devs=1 node_types=0x1
        modprobe -a vhci-hcd uvcvideo
        export PYTHONPATH=tests:. PIMOTION_HARDWARE=1 PIMOTION_USB_CONTROL=/run/usb.control
        python -m hardware.machine.usb_camera /run/usb.control &
        until [ -p /run/usb.control ]; do sleep 0.2; done
        $pytest --durations=0 tests/hardware/test_v4l2_devices.py tests/hardware/test_usb_events.py"
    ;;
service)
    "$machine/in_vm.sh" -t 3600 'bash tests/hardware/service_in_vm.sh'
    ;;
install)
    "$machine/in_chroot.sh" 'bash tests/hardware/install_in_chroot.sh'
    ;;
walk)
    .ci/setup test
    PIMOTION_HARDWARE=1 .venv/bin/python -m pytest -q -p no:cacheprovider \
        tests/homeassistant/test_from_card_to_entity.py
    ;;
*)
    sed -n '2,12s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac

#!/bin/bash
# Runs a command at native speed in the root file system that make_image.sh left, on this host's
# kernel: no systemd and no V4L2, but libcamera's virtual camera needs neither. What it changes is
# forgotten. As root.
#
#   in_chroot.sh [-p PROJECT] 'command'
set -euo pipefail
LAB=${LAB:-/var/tmp/pimotion-lab}
root=$LAB/vm/${SUITE:-trixie}/root project=$PWD
while getopts p: option; do
    case $option in p) project=$OPTARG ;; *) exit 2 ;; esac
done
shift $((OPTIND - 1))
[ -d "$root/opt/venv" ] || { echo "no $root: make_image.sh makes it" >&2; exit 125; }
project=$(realpath "$project")
export root project command="$1"
exec unshare -m --propagation private bash -c '
set -e
scratch=$(mktemp -d)
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay -o "lowerdir=$root,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$scratch/root"
cd "$scratch/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --bind /dev dev
mkdir -p mnt/project
rm -f etc/resolv.conf
cp /etc/resolv.conf etc/resolv.conf
mount --bind -o ro "$project" mnt/project
exec env -i HOME=/root LANG=C.UTF-8 PATH=/opt/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot . bash -c "cd /mnt/project; $command"'

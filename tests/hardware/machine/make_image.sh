#!/bin/bash
# Builds a small Debian that boots under software emulation and has what cameras need: vivid,
# uvcvideo over usbip, systemd, and (trixie) libcamera's virtual camera with the real picamera2.
#
#   SUITE=trixie make_image.sh      ->  $LAB/vm/trixie/{vmlinuz,initrd.img,root.ext4,root/}
#
# SUITE: trixie (Python 3.13) or bookworm (3.11, V4L2 only). LAB: scratch folder of 8 GB.
# As root, with mmdebstrap; about 3 minutes on 2 idle cores.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
LAB=${LAB:-/var/tmp/pimotion-lab}
SUITE=${SUITE:-trixie}
MIRROR=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -1)}
out=$LAB/vm/$SUITE
root=$out/root
mkdir -p "$out"
grep -q " $root/" /proc/self/mounts && { echo "something is still mounted under $root" >&2; exit 1; }
rm -rf --one-file-system "$root"

packages=systemd,systemd-sysv,udev,dbus,kmod,iproute2,procps,ca-certificates,linux-image-amd64
packages+=,initramfs-tools,zstd,v4l-utils,mosquitto,curl,polkitd
packages+=,python3,python3-dev,python3-venv,python3-pip,python3-numpy,gcc,libc6-dev
# bookworm's own libcamera has neither Python bindings nor virtual cameras
if [ "$SUITE" != bookworm ]; then
    packages+=,python3-libcamera,libcamera-tools,libcamera-ipa,python3-prctl,python3-libarchive-c
    packages+=,python3-piexif,python3-jsonschema,python3-pil
fi
mmdebstrap --mode=root --variant=minbase --architectures=amd64 \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" && echo MODULES=list > "$1/etc/initramfs-tools/conf.d/list"' \
    --essential-hook='printf "virtio_pci\nvirtio_blk\next4\n" > "$1/etc/initramfs-tools/modules"' \
    --include="$packages" "$SUITE" "$root" "$MIRROR" > "$out/mmdebstrap.log" 2>&1 ||
    { tail -30 "$out/mmdebstrap.log" >&2; exit 1; }

# This host's certificates and resolver, so that pip and apt work inside.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\ndisable-pip-version-check = true\n' > "$root/etc/pip.conf"
rm -f "$root/etc/resolv.conf"
cp /etc/resolv.conf "$root/etc/resolv.conf"

chroot "$root" python3 -m venv --system-site-packages /opt/venv
pip=(chroot "$root" /opt/venv/bin/pip install -q --no-cache-dir)
cp "$here/../../../requirements.txt" "$root/tmp/"
"${pip[@]}" -r /tmp/requirements.txt pytest pytest-timeout imagezmq psutil
if [ "$SUITE" != bookworm ]; then
    # What picamera2 needs of Debian is there; of pykms it wants the names.
    "${pip[@]}" --no-deps picamera2 videodev2 PiDNG tqdm
    cp "$here/pykms.py" "$root$(chroot "$root" /opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/"
    mkdir -p "$root/usr/share/libcamera/pipeline/virtual"
    cp "$here/virtual.yaml" "$root/usr/share/libcamera/pipeline/virtual/"
fi

mkdir -p "$root/etc/systemd/network" "$root/etc/systemd/system/multi-user.target.wants"
printf '[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n' > "$root/etc/systemd/network/10-user.network"
ln -sf /dev/null "$root/etc/systemd/system/systemd-networkd-wait-online.service"
chroot "$root" systemctl enable -q systemd-networkd
for unit in mosquitto apt-daily.timer apt-daily-upgrade.timer e2scrub_reap systemd-resolved getty@tty1; do
    chroot "$root" systemctl disable -q "$unit" 2> /dev/null || true
done
rm -f "$root/etc/resolv.conf"
echo nameserver 10.0.2.3 > "$root/etc/resolv.conf"
echo pimotion-vm > "$root/etc/hostname"
echo '127.0.0.1 localhost pimotion-vm' > "$root/etc/hosts"
echo '/dev/vda / ext4 defaults,noatime 0 1' > "$root/etc/fstab"
install -m 0755 "$here/agent.sh" "$root/usr/local/sbin/vm-agent"
printf '[Service]\nExecStart=/usr/local/sbin/vm-agent\nKillMode=process\n[Install]\nWantedBy=multi-user.target\n' \
    > "$root/etc/systemd/system/vm-agent.service"
chroot "$root" systemctl enable -q vm-agent

kernel=$(ls "$root/lib/modules" | sort -V | tail -1)
chroot "$root" update-initramfs -u -k "$kernel" >> "$out/mmdebstrap.log" 2>&1
cp "$root/boot/vmlinuz-$kernel" "$out/vmlinuz"
cp "$root/boot/initrd.img-$kernel" "$out/initrd.img"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/tmp/*
rm -f "$out/root.ext4"
mkfs.ext4 -q -F -d "$root" -L root "$out/root.ext4" 5G

#!/bin/bash
# Inside the machine: mounts what the host passed in, runs /run/vmctl/cmd.sh, reports, powers off.
modprobe -a 9pnet_virtio 9p virtio_console overlay 2> /dev/null
mkdir -p /run/vmctl /mnt/project /run/lower /run/upper
share=trans=virtio,version=9p2000.L,msize=262144
mount -t 9p -o "$share" ctl /run/vmctl || { sleep 1; poweroff -f; }
date -s "@$(cat /run/vmctl/now)" > /dev/null 2>&1
mount -t 9p -o "ro,cache=loose,$share" project /run/lower
mount -t tmpfs -o size=1g tmpfs /run/upper
mkdir -p /run/upper/u /run/upper/w
mount -t overlay -o lowerdir=/run/lower,upperdir=/run/upper/u,workdir=/run/upper/w overlay /mnt/project
port=/dev/virtio-ports/vm.out
for _ in $(seq 50); do [ -e $port ] && break; sleep 0.1; done
cd /mnt/project || poweroff -f
export HOME=/root OUT=/run/vmctl/out PIP_CERT=/etc/ssl/certs/ca-certificates.crt
export PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
bash /run/vmctl/cmd.sh > $port 2>&1 < /dev/null
echo $? > /run/vmctl/rc
sync
systemctl poweroff --no-block --force

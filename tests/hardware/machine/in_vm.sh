#!/bin/bash
# Boots the image of make_image.sh under software emulation, runs a command in it as root, prints
# its output, exits with its status, and forgets what it changed on the disk.
#
#   in_vm.sh [-p PROJECT] [-o OUT] [-t SECONDS] 'command'
#
# -p  seen at /mnt/project, where the command starts; writes go to memory
# -o  what the command leaves in $OUT comes back here
# A command that reboots the machine is run again after it; the disk and $OUT are as it left them.
# -t  bound on everything, boot included (420); past it the status is 124
# 125: the machine never came to the command. LAB and SUITE as in make_image.sh.
set -euo pipefail
LAB=${LAB:-/var/tmp/pimotion-lab}
dir=$LAB/vm/${SUITE:-trixie}
project=$PWD out= limit=420
while getopts p:o:t: option; do
    case $option in p) project=$OPTARG ;; o) out=$OPTARG ;; t) limit=$OPTARG ;; *) exit 2 ;; esac
done
shift $((OPTIND - 1))
[ -f "$dir/root.ext4" ] || { echo "no image in $dir: make_image.sh makes it" >&2; exit 125; }

ctl=$(mktemp -d)
trap 'rm -rf "$ctl"' EXIT
mkdir "$ctl/out"
printf '%s\n' "${1:?a command}" > "$ctl/cmd.sh"
date +%s > "$ctl/now"
quiet='quiet systemd.show_status=0 mitigations=off audit=0'
lean='systemd.unit=multi-user.target modprobe.blacklist=parport_pc,ppdev,iTCO_wdt,pcspkr,ahci,floppy'
# Nehalem is x86-64-v2, which numpy needs, and quicker under emulation than max.
qemu=(qemu-system-x86_64 -M q35,usb=off,vmport=off -cpu Nehalem
    -accel tcg,thread=multi,tb-size=512 -smp 2 -m 2048
    -kernel "$dir/vmlinuz" -initrd "$dir/initrd.img"
    -append "root=/dev/vda rw console=ttyS0 nokaslr no_timer_check $quiet $lean"
    -drive "file=$dir/root.ext4,format=raw,if=virtio,snapshot=on,cache=unsafe"
    -nic user,model=virtio-net-pci
    -virtfs "local,path=$ctl,mount_tag=ctl,security_model=none,id=ctl"
    -virtfs "local,path=$(realpath "$project"),mount_tag=project,security_model=none,readonly=on,id=prj"
    -device virtio-rng-pci -device virtio-serial-pci
    -chardev "file,id=out,path=/dev/stdout,append=on" -device virtserialport,chardev=out,name=vm.out
    -nodefaults -display none -serial "file:$ctl/console.log" -monitor none)
set +e
# In the foreground it has no process group of its own, and ends with whoever called us.
timeout --foreground -k 10 "$limit" "${qemu[@]}" < /dev/null | cat # a pipe: qemu opens it by name
ended=${PIPESTATUS[0]}
set -e
[ -z "$out" ] || { mkdir -p "$out" && cp -r "$ctl/out/." "$ctl/console.log" "$out/"; }
[ ! -f "$ctl/rc" ] || exit "$(cat "$ctl/rc")"
tail -20 "$ctl/console.log" >&2
[ "$ended" = 124 ] || [ "$ended" = 137 ] || exit 125
echo "not done after $limit s" >&2
exit 124

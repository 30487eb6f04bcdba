#!/bin/bash
# The service as a person has it: installed, looked at, killed, hung, broken, updated, removed.
# To be run as root in a throw-away Debian with systemd, from a checkout: see docs/testing.md.
set -u

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
within() { # within SECONDS COMMAND...: waits until the command succeeds
    local end=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || { "$@"; return 1; }
        sleep 0.5
    done
}
shown() { systemctl show -P "$1" pimotion; }
healthz() { python3 - "$@" << 'PYTHON'
import json, sys, urllib.error, urllib.request
try:
    body = urllib.request.urlopen("http://127.0.0.1:8080/healthz", timeout=3).read()
except urllib.error.HTTPError as error:
    body = error.read()
camera = json.loads(body)["cameras"]["camera"]
print(camera)
sys.exit(camera["status"] != sys.argv[1])
PYTHON
}
owner_is_pimotion() { [ "$(ps -o user= -p "$(shown MainPID)")" = pimotion ]; }
restarted() { [ "$(shown NRestarts)" -ge "$1" ] && [ "$(shown ActiveState)" = active ]; }
exposure_at_most() {
    systemd-analyze security pimotion | tail -1
    systemd-analyze security --threshold="$1" pimotion > /dev/null
}
stops_within() {
    local began=$(date +%s%N)
    systemctl stop pimotion
    local took=$((($(date +%s%N) - began) / 1000000))
    echo "$took ms"
    [ "$took" -lt "$1" ] && [ "$(shown Result)" = success ]
}
leftovers() {
    find / -xdev \( -path /proc -o -path /sys -o -path /mnt -o -path /tmp -o -path /root \
        -o -path /var/log -o -path /run/log \) -prune -o -iname '*pimotion*' -print | grep . && return 1
    getent passwd pimotion && return 1
    getent group pimotion && return 1
    return 0
}

modprobe vivid n_devs=1 node_types=0x1
within 10 test -e /dev/v4l/by-path/platform-vivid.0-video-index0
camera=v4l2:/dev/v4l/by-path/platform-vivid.0-video-index0

echo "--- install"
systemd/install.sh install --source "$camera" 2>&1 | tee /tmp/install.out
check "it says the password and the token" grep -q 'stream.mjpg?token=' /tmp/install.out
check "it is active" test "$(shown ActiveState)" = active
check "it is enabled for the next start" systemctl is-enabled pimotion
check "the camera is live behind the sandbox" within 60 healthz online
check "it does not run as root" owner_is_pimotion
check "exposure is at most 2.0: $(systemd-analyze security pimotion | tail -1)" exposure_at_most 20
check "it knows the broker of its own" within 30 bash -c 'systemctl show -P StatusText pimotion | grep "broker connected"'

echo "--- killed, hung, hanging camera"
kill -9 "$(shown MainPID)"
check "killed, it comes back" within 60 restarted 1
check "and its camera" within 60 healthz online
mkdir -p /etc/systemd/system/pimotion.service.d
printf '[Service]\nWatchdogSec=6\n' > /etc/systemd/system/pimotion.service.d/test.conf
systemctl daemon-reload
systemctl restart pimotion
within 60 healthz online
kill -STOP "$(shown MainPID)"
check "stopped in its tracks, the watchdog restarts it" within 60 restarted 1
check "and its camera is back" within 60 healthz online
rm -r /etc/systemd/system/pimotion.service.d
systemctl daemon-reload
v4l2-ctl -d /dev/video0 -c percentage_of_dropped_buffers=100 > /dev/null
check "a camera that hangs is offline" within 20 healthz offline
v4l2-ctl -d /dev/video0 -c percentage_of_dropped_buffers=0 > /dev/null
check "and back by itself" within 60 healthz online
check "without a restart of the service" test "$(shown NRestarts)" = 0 -o "$(shown NRestarts)" = 1

echo "--- read again, stopped, broken"
systemctl reload pimotion
check "reload keeps it" within 60 healthz online
check "it stops within 5 s" stops_within 5000
cat /tmp/check.out
cp /etc/pimotion/pimotion.yml /tmp/right.yml
echo 'camera: {}' > /etc/pimotion/pimotion.yml
systemctl start pimotion 2> /dev/null
check "a wrong configuration is not tried again" test "$(shown NRestarts)$(shown ExecMainStatus)" = 02
cp /tmp/right.yml /etc/pimotion/pimotion.yml

echo "--- a credential, again, away"
echo -n 'hunter2hunter2' > /etc/pimotion/credentials/admin
sed -i 's/password: [^,]*, role: admin/password: !credential pimotion_admin, role: admin/' /etc/pimotion/pimotion.yml
sum=$(sha256sum /etc/pimotion/pimotion.yml)
systemd/install.sh install 2>&1 | tee /tmp/install.out
check "the configuration is kept" test "$(sha256sum /etc/pimotion/pimotion.yml)" = "$sum"
check "and no password is shown" bash -c '! grep -q password /tmp/install.out'
check "it runs again" within 60 healthz online
check "the credential opens the page" within 20 bash -c 'curl -fsu admin:hunter2hunter2 http://127.0.0.1:8080/api/state'
journalctl -u pimotion -o cat --no-pager | tail -40 > "${OUT:-/tmp}/journal.txt"
check "no traceback in the journal" bash -c '! journalctl -u pimotion -o cat | grep -q Traceback'
systemd/install.sh uninstall
check "uninstall leaves nothing" leftovers
check "uninstall may be run again" systemd/install.sh uninstall
echo "--- $failed failed"
exit "$failed"

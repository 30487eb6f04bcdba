#!/bin/bash
# The service as a person has it: installed, looked at, killed, hung, broken, updated, rebooted,
# removed. To be run as root in a throw-away Debian with systemd, from a checkout, and once more
# after it has rebooted the machine: see docs/testing.md.
set -u

out=${OUT:?where to leave the journal}
rebooted=$out/rebooted # holds how many checks had failed before
failed=0
[ ! -e "$rebooted" ] || failed=$(cat "$rebooted")
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

camera=/dev/v4l/by-path/platform-vivid.0-video-index0
page=http://127.0.0.1:8080
opens() { # opens STATUS ADDRESS [OPTIONS OF curl]: what the page answers
    local wanted=$1 address=$2
    shift 2
    [ "$(curl -so /dev/null -m 10 -w '%{http_code}' "$@" "$address")" = "$wanted" ]
}
mode() { [ "$(stat -c '%U:%G %a' "$2")" = "$1" ]; }
finds_nothing() { ! find "$@" -print -quit | grep .; }
without() { ! grep -q "$@"; }
tells_warnings() {
    journalctl -u pimotion -p warning -o cat | grep 'WARNING.*camera is' &&
        ! journalctl -u pimotion -p warning -o cat | grep INFO
}
doctor() { systemd/install.sh doctor > "$out/doctor.txt"; }

first_install() {
    echo "--- install"
    # Half of an earlier attempt, of which the environment has no pip.
    python3 -m venv --without-pip /opt/pimotion/venv
    systemctl start mosquitto
    # As whoever is careful with new files, and became root by `su` without `-`.
    (umask 077 && PATH=/usr/local/bin:/usr/bin:/bin systemd/install.sh install --source "v4l2:$camera") 2>&1 |
        tee /tmp/install.out
    check "a broker that ran before runs on" systemctl is-active mosquitto
    systemctl stop mosquitto
    check "it says the password and the token" grep -q 'stream.mjpg?token=' /tmp/install.out
    check "it is active" test "$(shown ActiveState)" = active
    check "it is enabled for the next start" systemctl is-enabled pimotion
    check "the camera is live behind the sandbox" within 60 healthz online
    check "it does not run as root" owner_is_pimotion
    check "it cannot change its own program" finds_nothing /opt/pimotion -user pimotion
    check "exposure is at most 2.0: $(systemd-analyze security pimotion | tail -1)" exposure_at_most 20
    check "it knows the broker of its own" within 30 bash -c 'systemctl show -P StatusText pimotion | grep "broker connected"'
    check "only it and root read the configuration" mode 'root:pimotion 640' /etc/pimotion/pimotion.yml
    check "only root reads the credentials" mode 'root:root 700' /etc/pimotion/credentials
}

passwords() {
    local lan password stream
    lan=http://$(hostname -I | cut -d' ' -f1):8080
    password=$(sed -n 's/^password  *//p' /tmp/install.out)
    stream=$(sed -n 's/^still  *http:..[^/]*//p' /tmp/install.out)
    check "other machines find a page that wants a login" opens 401 "$lan/"
    check "the password opens it" opens 200 "$lan/" -u "admin:$password"
    check "the token opens the still" opens 200 "$lan$stream"
    check "neither stands in the journal" bash -c "! journalctl -u pimotion | grep -e '$password' -e '${stream#*=}'"
}

doctor_checks() {
    echo "--- doctor"
    check "of the running service it says that all is well" doctor
    check "also of its camera" grep -q '^ok  *camera camera  *the running pimotion has it: ok' "$out/doctor.txt"
    systemctl stop pimotion
    check "of the stopped one, too, with the service's rights" doctor
    check "and sees pictures" grep -q '^ok  *camera camera .*frames a second' "$out/doctor.txt"
    v4l2-ctl -d "$camera" --stream-mmap > /dev/null 2>&1 &
    local holder=$!
    within 10 bash -c "ls -l /proc/$holder/fd | grep /dev/video"
    check "a camera that another program has fails" bash -c '! systemd/install.sh doctor > /tmp/busy.txt'
    check "and it says so" grep -q 'another program has it' /tmp/busy.txt
    kill $holder
    systemctl start pimotion
    check "it leaves nothing behind" test ! -e /var/lib/pimotion/.local
}

trouble() {
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
    v4l2-ctl -d "$camera" -c percentage_of_dropped_buffers=100 > /dev/null
    check "a camera that hangs is offline" within 20 healthz offline
    v4l2-ctl -d "$camera" -c percentage_of_dropped_buffers=0 > /dev/null
    check "the journal knows that as a warning, and no news as one" tells_warnings
    check "and back by itself" within 60 healthz online
    check "without a restart of the service" test "$(shown NRestarts)" = 0 -o "$(shown NRestarts)" = 1
}

broken() {
    echo "--- read again, stopped, broken"
    systemctl reload pimotion
    check "reload keeps it" within 60 healthz online
    check "it stops within 5 s" stops_within 5000
    cp /etc/pimotion/pimotion.yml /tmp/right.yml
    echo 'camera: {}' > /etc/pimotion/pimotion.yml
    systemctl start pimotion 2> /dev/null
    check "a wrong configuration is not tried again" test "$(shown NRestarts)$(shown ExecMainStatus)" = 02
    check "install over it fails" bash -c '! systemd/install.sh install > /tmp/wrong.out 2>&1'
    check "and says what is wrong" grep -q "pimotion.yml:1: unknown setting 'camera'" /tmp/wrong.out
    cp /tmp/right.yml /etc/pimotion/pimotion.yml
}

new_version() {
    echo "--- a credential, and a new version"
    echo -n 'hunter2hunter2' > /etc/pimotion/credentials/admin
    sed -i 's/password: [^,]*, role: admin/password: !credential pimotion_admin, role: admin/' /etc/pimotion/pimotion.yml
    sum=$(sha256sum /etc/pimotion/pimotion.yml)
    echo "# of the new version" >> pimotion/errors.py
    chmod -R go= /opt/pimotion # as a version before left it whose root was careful with new files
    systemd/install.sh install 2>&1 | tee /tmp/install.out
    check "the configuration is kept" test "$(sha256sum /etc/pimotion/pimotion.yml)" = "$sum"
    check "and no password is shown" bash -c '! grep -q password /tmp/install.out'
    check "the new program is what runs" bash -c "grep -q 'of the new version' /opt/pimotion/venv/lib/python3*/site-packages/pimotion/errors.py"
    check "it runs again" within 60 healthz online
    check "the credential opens the page" within 20 bash -c 'curl -fsu admin:hunter2hunter2 $0/api/state' "$page"
}

reboot_it() {
    echo "--- rebooted"
    echo vivid > /etc/modules-load.d/vivid.conf
    echo 'options vivid n_devs=1 node_types=0x1' > /etc/modprobe.d/vivid.conf
    cp /etc/pimotion/pimotion.yml /root/before.yml
    journalctl -u pimotion -o cat --no-pager > "$out/journal.txt"
    echo "$failed" > "$rebooted"
    date +%s > "$out/../now" # of which the machine takes its time
    sync
    systemctl reboot
    exec sleep infinity
}

after_reboot() {
    check "it runs by itself" within 120 restarted 0
    check "and its camera" within 60 healthz online
    check "nobody had to help" test "$(shown NRestarts)" = 0
    check "its configuration is as it was" cmp /root/before.yml /etc/pimotion/pimotion.yml
    check "the credential opens the page still" within 20 opens 200 "$page/" -u admin:hunter2hunter2
}

removal() {
    echo "--- away"
    journalctl -u pimotion -o cat --no-pager >> "$out/journal.txt"
    check "no traceback in the journal" without Traceback "$out/journal.txt"
    systemd/install.sh uninstall --keep
    check "uninstall --keep keeps the configuration" cmp /root/before.yml /etc/pimotion/pimotion.yml
    systemd/install.sh install > /tmp/install.out 2>&1
    check "and the next install takes it up" within 60 healthz online
    systemd/install.sh uninstall
    check "uninstall leaves nothing" leftovers
    check "uninstall may be run again" systemd/install.sh uninstall
}

if [ ! -e "$rebooted" ]; then
    modprobe vivid n_devs=1 node_types=0x1
    within 10 test -e "$camera"
    first_install
    passwords
    doctor_checks
    trouble
    broken
    new_version
    reboot_it
fi
after_reboot
removal
echo "--- $failed failed"
exit "$failed"

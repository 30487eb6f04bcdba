#!/bin/sh
# Installs pimotion as a service on Raspberry Pi OS and Debian, or takes it away again.
#
#   systemd/install.sh install [OPTIONS OF `pimotion init`]     e.g. --broker ha.local --username me
#   systemd/install.sh uninstall [--keep]                       --keep: configuration and events stay
#   systemd/install.sh doctor                                   what the service would find, and why
#
# All as root, and all may be run again: `install` then brings a new version and keeps the
# configuration.
set -eu
PATH=$PATH:/usr/sbin:/sbin # which `su` without `-` leaves out; useradd and mosquitto are there
umask 022 # the service's user has to read the program that root writes

home=/opt/pimotion
etc=/etc/pimotion
state=/var/lib/pimotion
unit=/etc/systemd/system/pimotion.service
user=pimotion
python=/usr/bin/python3 # the one that Debian's picamera2 is for
source=$(cd "$(dirname "$0")/.." && pwd)

say() { printf '%s\n' "$*"; }
fail() { printf 'pimotion: %s\n' "$*" >&2; exit 1; }

is_pi() { grep -qs 'Raspberry Pi' /proc/device-tree/model; }

# Installs what is missing of Debian's packages, if apt is there to do it.
need() {
    command -v apt-get > /dev/null || return 0
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "installing$missing"
    apt-get -qq update || true
    # shellcheck disable=SC2086  several words are meant
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing > /dev/null ||
        fail "apt-get cannot install$missing"
}

packages() {
    need python3-venv
    if is_pi; then need python3-picamera2; fi
    case " $* " in *.local\ *) need avahi-daemon libnss-mdns ;; esac # else nobody knows such names
    if ! [ -e "$etc/pimotion.yml" ]; then
        case " $* " in *" --broker"*) ;; *) broker ;; esac
    fi
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or later is needed"
}

# pimotion runs its own, on loopback; the one that Debian starts would only take its port.
broker() {
    command -v mosquitto > /dev/null && return
    need mosquitto
    systemctl disable --quiet --now mosquitto 2> /dev/null || true
}

account() {
    getent passwd "$user" > /dev/null ||
        useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin "$user"
}

# The system's picamera2 is seen from inside; it cannot be had by pip. An environment that is of the
# Debian before, or half made, is made anew.
program() {
    mkdir -p "$home"
    "$home/venv/bin/python" -m pip --version > /dev/null 2>&1 ||
        "$python" -m venv --clear --system-site-packages "$home/venv"
    draft=$(mktemp -d)
    trap 'rm -rf "$draft"' EXIT
    cp -r "$source/pimotion" "$source/pyproject.toml" "$source/requirements.txt" "$source/README.md" "$draft"
    "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "$draft"
    rm -rf "$draft"
    chmod -R u=rwX,go=rX "$home" # and what an earlier installation left there with a careful umask
}

# A first configuration; its password and its token are shown now and never again.
configuration() {
    mkdir -p "$etc/credentials"
    chmod 0700 "$etc/credentials"
    if [ -e "$etc/pimotion.yml" ]; then
        say "$etc/pimotion.yml is kept as it is"
    else
        (cd / && "$home/venv/bin/python" -m pimotion init --lan --output "$etc/pimotion.yml" "$@")
    fi
    chown "root:$user" "$etc" "$etc/pimotion.yml"
    chmod 0750 "$etc"
    chmod 0640 "$etc/pimotion.yml"
}

service() {
    install -m 0644 "$source/systemd/pimotion.service" "$unit"
    systemctl daemon-reload
    systemctl enable --quiet pimotion
    systemctl restart pimotion || {
        journalctl --unit pimotion --lines 20 --no-pager --output cat >&2
        fail "the service does not start"
    }
    say "pimotion runs, and starts with the machine. Its log: journalctl -fu pimotion"
}

install_it() {
    packages "$@"
    account
    program
    configuration "$@"
    service
}

uninstall_it() {
    systemctl disable --quiet --now pimotion 2> /dev/null || true
    rm -rf "$unit" "$unit.d"
    systemctl daemon-reload
    systemctl reset-failed pimotion 2> /dev/null || true
    rm -rf "$home"
    if [ "${1:-}" = --keep ]; then
        say "pimotion is gone; $etc and $state are kept"
        return
    fi
    rm -rf "$etc" "$state"
    if getent passwd "$user" > /dev/null; then userdel "$user"; fi
    if getent group "$user" > /dev/null; then groupdel "$user"; fi
    say "pimotion is gone, with its configuration and its events"
}

# With the service's user, rights and secrets: what works for root may not work for it.
doctor_it() {
    [ -e "$unit" ] || fail "is not installed: sudo make install"
    set --
    while read -r property; do set -- "$@" --property "$property"; done << PROPERTIES
$(grep -E '^(User|Group|Supplementary|StateDir|UMask|Load|Environment|Device|NoNew|Capab|Ambient|Lock|MemoryDeny|Private|Protect|Remove|Restrict|SystemCall)' "$unit")
PROPERTIES
    systemd-run --quiet --pipe --wait --collect "$@" \
        "$home/venv/bin/python" -m pimotion doctor "$etc/pimotion.yml"
}

[ "$(id -u)" = 0 ] || fail "must be run as root: sudo make ${1:-install}"
command -v systemctl > /dev/null || fail "there is no systemd here"
command=${1:-}
[ $# -eq 0 ] || shift
case $command in
install) install_it "$@" ;;
uninstall) uninstall_it "$@" ;;
doctor) doctor_it ;;
*) fail "install.sh install [OPTIONS OF init] | uninstall [--keep] | doctor" ;;
esac

"""Tests that want devices: real ones, or their stand-ins in a virtual machine or a chroot."""

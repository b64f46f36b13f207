#!/bin/sh
# For mod_fcgid, where the program needs an environment of its own: copy this beside the program,
# make it executable, and name it in the virtual host: Define WEFT_PROGRAM /srv/weft/weft-wrapper.sh
#
# `exec` matters: Apache stops the process that it started, and that must be the program.

# Where the settings are, when neither beside the program nor in /etc/weft/weft.toml.
WEFT_CONFIG="${WEFT_CONFIG:-/etc/weft/sync.example.org.toml}"
export WEFT_CONFIG

exec "$(dirname "$0")/weft"

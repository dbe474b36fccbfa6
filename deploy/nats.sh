#!/bin/sh
# The bus of the containers: starts nats-server, and has it reload its users within two seconds of the registry writing others.
set -eu

template=/etc/nats/muster.conf
config=${NATS_CONFIG:-/tmp/nats.conf}
store=${NATS_STORE:-/data}
users=${NATS_USERS_FILE:-/users/nats-users}
# What the server refused to whom; the registry shows it.
refused=${NATS_LOG_FILE:-/users/nats-refused.log}
template=${NATS_TEMPLATE:-$template}

# A new volume belongs to root until the registry's image has been there; a line of the log of refusals comes before that. Who
# writes the users is the user `node` of the images.
if [ "$(id -u)" = 0 ] && [ -d "${users%/*}" ]; then
  chown 1000:1000 "${users%/*}"
fi

# Before there were accounts, all streams lay in the server's own one.
if [ -d "$store/jetstream/\$G" ] && [ ! -e "$store/jetstream/MUSTER" ]; then
  mv "$store/jetstream/\$G" "$store/jetstream/MUSTER"
fi

# The template with the users of outsiders behind their mark; an absent file adds nothing.
configure() {
  sed -e "/^# Outsiders, as the registry/r $users" "$template" > "$config.new"
  nats-server -t -c "$config.new" > "$config.words" 2>&1 || { cat "$config.words" >&2; return 1; }
  mv "$config.new" "$config"
}
mark() { cat "$users" 2> /dev/null | cksum; }

seen=$(mark)
configure

# All that the server says goes to the log of the container; what it refused also to a file of a megabyte at most.
pipe="$config.log"
rm -f "$pipe"
mkfifo "$pipe"
tell() {
  kept=0
  while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in
      *' Violation - User '*)
        kept=$((kept + ${#line}))
        if [ $kept -gt 1000000 ]; then
          kept=0
          : > "$refused"
        fi
        printf '%s\n' "$line" >> "$refused"
        ;;
    esac
  done
}
tell < "$pipe" &
nats-server -c "$config" > "$pipe" 2>&1 &
server=$!
trap 'kill -TERM $server 2> /dev/null || true' TERM INT

while kill -0 $server 2> /dev/null; do
  sleep 1 &
  wait $! || true
  now=$(mark)
  if [ "$now" != "$seen" ]; then
    if configure; then
      kill -HUP $server 2> /dev/null || true
      seen=$now
    else
      echo "nats.sh: nats-server does not take the users of outsiders; it is tried again" >&2
    fi
  fi
done
wait $server

#!/bin/sh
# Follows a channel as an event stream, and prints the JSON of each event on a line: sh follow.sh CHANNEL
# It keeps its cursor in the file CHANNEL.cursor, so a later start goes on from there.
set -u

kept=$1.cursor

while :; do
  # A comment comes every 10 seconds. A stream that is silent for much longer is dead.
  curl --silent --show-error --fail --no-buffer --speed-limit 1 --speed-time 45 \
    --header "Last-Event-ID: $(cat "$kept" 2>/dev/null)" "$WIRECOPY/v1/channels/$1/stream" |
    while IFS= read -r line; do
      case $line in
        'id: '*) id=${line#id: } ;;
        'data: '*) data=${line#data: } ;;
        '')
          if [ -n "${data:-}" ]; then
            printf '%s\n' "$data"
            printf '%s\n' "$id" >"$kept"
          fi
          data=
          ;;
      esac
    done
  sleep "$(awk 'BEGIN { srand(); print 0.5 + 2 * rand() }')"
done

#!/bin/sh
# Publishes a post, then corrects its headline: sh publish.sh CHANNEL HEADLINE CORRECTED
# The texts must not contain quotation marks or backslashes: they are put into JSON as they are.
set -eu

posts=$WIRECOPY/v1/channels/$1/posts

# Sends a write until it is answered, and prints the headers of the answer. curl repeats it on 429, 503 and broken
# connections; the same Idempotency-Key each time makes it one write.
write() {
  curl --silent --show-error --fail --retry 8 --retry-connrefused --max-time 30 --output /dev/null --dump-header - \
    --header "Authorization: Bearer $KEY" --header 'Content-Type: application/json' \
    --header "Idempotency-Key: $(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" "$@" | tr -d '\r'
}

answer=$(write "$posts" --data "{ \"headline\": \"$2\" }")
post=$WIRECOPY$(printf '%s\n' "$answer" | sed -n 's/^[Ll]ocation: //p')
etag=$(printf '%s\n' "$answer" | sed -n 's/^[Ee][Tt]ag: //p')

# If-Match names the version that was seen, so an edit of somebody else is never overwritten.
answer=$(write "$post" --request PATCH --header "If-Match: $etag" \
  --data "{ \"headline\": \"$3\", \"correction\": { \"text\": \"An earlier headline was: $2\" } }")
echo "$post" "$(printf '%s\n' "$answer" | sed -n 's/^[Ee][Tt]ag: //p')"

#!/bin/sh
# Finds or fetches a Redis server when it is first run, then becomes it.
server=$(node "${0%/*}/redis-binary.cjs") || exit 1
exec "$server" "$@"

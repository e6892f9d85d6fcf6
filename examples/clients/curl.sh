#!/bin/sh
# Proviso by hand: a call that the terms permit, and one that they refuse.
set -eu
url=${PROVISO_URL:-http://127.0.0.1:8787}
model=${PROVISO_MODEL:-sandbox}

ask() {
  curl -si "$url/v1/chat/completions" \
    -H "authorization: Bearer $PROVISO_KEY" \
    -H 'content-type: application/json' \
    -d "{\"model\":\"$model\",\"messages\":[{\"role\":\"user\",\"content\":\"$1\"}]}"
  echo
}

ask 'Say good morning in three languages.'
ask 'Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org.'

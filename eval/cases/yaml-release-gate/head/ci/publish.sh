#!/usr/bin/env bash
set -euo pipefail

cd "$(dirname "$0")/.."
: "${FEED_TOKEN:?is needed to publish}"
npm ci
npm run build
npm publish

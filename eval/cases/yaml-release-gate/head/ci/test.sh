#!/bin/sh
# Also runs in the images for developers, which have no bash.
set -eu

cd "$(dirname "$0")/.."
mkdir -p test-output
npm ci
npm test 2>&1 | tee test-output/npm-test.log

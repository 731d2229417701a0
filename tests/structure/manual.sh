#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# manual.sh SOURCE: every manual page is there and lints without a warning.
set -uo pipefail
cd "$1/docs" || exit 1
status=0
for page in hopwarden.8 hopwarden.conf.5 hopwarden-keys.8 hopwarden-principals.8 pam_hopwarden.8; do
    [ -f "$page" ] || { echo "docs/$page is missing"; status=1; continue; }
    mandoc -T lint -W warning "$page" || status=1
done
exit $status

#!/usr/bin/env bash
# Shell and Perl files parse; shell files are executable or sourced, and start with the right line.
source test/lint/support.sh
tree_files '*.sh' '.ci/run' | while read -r file; do
  bash -n "$file" 2>&1 | sed -E "s|^[^:]*: line ([0-9]+): |$file:\1: |"
  head -n 1 "$file" | grep -qE '^#!(/bin/sh|/usr/bin/env bash)$' || [ ! -x "$file" ] ||
    echo "$file:1: does not start with a #! line"
done | report

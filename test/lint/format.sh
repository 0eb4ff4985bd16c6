#!/usr/bin/env bash
# The tree is formatted by clang-format.
source test/lint/support.sh
tree_files '*.cpp' '*.hpp' | xargs -r clang-format --dry-run 2>&1 |
  sed -n 's/^\([^ ]*:[0-9]*\):[0-9]*: \(warning\|error\): .*/\1: not as clang-format writes it (make format)/p' |
  sort -u | report

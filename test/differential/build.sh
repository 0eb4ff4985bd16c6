#!/usr/bin/env bash
# Builds the differential tester. Usage: build.sh OUTPUT
set -euo pipefail
cd "$(dirname "$0")"

output=$1
mkdir -p "$(dirname "$output")"
"${CXX:-g++}" -std=c++20 -O1 -g -Wall -Wextra -Werror -I"$(pg_config --includedir)" ./*.cpp \
  -L"$(pg_config --libdir)" -lpq -o "$output"
